/** The session parameters that the host stores between runs, with the names of earlier adapters. */
import type { AdapterSessionCodec } from "@paperclipai/adapter-utils";
import { isObject } from "../../crds/json.ts";

/** A session and the workspace with its file. */
export interface SessionParams {
  readonly sessionId: string;
  /** Working directory in the pod: claude finds a session only from the directory where it was started. */
  readonly cwd?: string;
  /** Claim and directory of the file; not set for a session of an earlier adapter. */
  readonly workspaceClaim?: string;
  readonly workspaceSubPath?: string;
  readonly workspaceId?: string;
  readonly repoUrl?: string;
  readonly repoRef?: string;
  readonly promptBundleKey?: string;
  readonly model?: string;
}

const aliases: Readonly<Record<keyof SessionParams, readonly string[]>> = {
  sessionId: ["sessionId", "session_id"],
  cwd: ["cwd", "workdir", "folder"],
  workspaceClaim: ["workspaceClaim"],
  workspaceSubPath: ["workspaceSubPath"],
  workspaceId: ["workspaceId", "workspace_id"],
  repoUrl: ["repoUrl", "repo_url"],
  repoRef: ["repoRef", "repo_ref"],
  promptBundleKey: ["promptBundleKey", "prompt_bundle_key"],
  model: ["model"],
};

/** Reads the parameters in any spelling. Returns undefined without a session id. */
export function readSession(raw: unknown): SessionParams | undefined {
  if (!isObject(raw)) return undefined;
  const entries = Object.entries(aliases).flatMap(([name, keys]) => {
    const value = keys.map((key) => raw[key]).find((each) => typeof each === "string" && each.trim() !== "");
    return typeof value === "string" ? [[name, value.trim()] as const] : [];
  });
  const params = Object.fromEntries(entries) as Partial<SessionParams>;
  return params.sessionId === undefined ? undefined : (params as SessionParams);
}

/** The codec by which the host stores and shows a session. */
export const sessionCodec: AdapterSessionCodec = {
  deserialize: (raw) => ({ ...readSession(raw) }).sessionId === undefined ? null : { ...readSession(raw) },
  serialize: (params) => ({ ...readSession(params) }).sessionId === undefined ? null : { ...readSession(params) },
  getDisplayId: (params) => readSession(params)?.sessionId ?? null,
};

/** The workspace of the new run. */
export interface Workspace {
  readonly claim: string | undefined;
  readonly subPath: string | undefined;
  readonly mountPath: string;
}

/** Returns the reason why the session cannot be resumed on this workspace; undefined if it can. */
export function resumeObstacle(session: SessionParams, workspace: Workspace): string | undefined {
  if (workspace.claim === undefined) return "the workspace is not kept (workspaceVolumeClaim is not set)";
  // Some calls of the host have only the id. The runner checks in the pod that the file exists.
  if (session.workspaceClaim === undefined && session.cwd === undefined) return undefined;
  if (session.workspaceClaim !== workspace.claim) return "it was started on another volume";
  if (session.workspaceSubPath !== workspace.subPath) return "it was started in another directory of the volume";
  if (session.cwd !== workspace.mountPath) return "it was started in another working directory";
  return undefined;
}
