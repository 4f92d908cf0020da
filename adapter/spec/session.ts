/** What is kept of a session between runs, under the names that earlier adapters used too. */
import type { AdapterSessionCodec } from "@paperclipai/adapter-utils";
import { isObject } from "./values.ts";

/** A session and the workspace that holds its file. */
export interface SessionParams {
  readonly sessionId: string;
  /** Working directory in the pod: claude finds a session only from where it was begun. */
  readonly cwd?: string;
  /** Claim and directory that the file is on; absent for an earlier adapter's session. */
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

/** Reads either spelling; undefined without a session id. */
export function readSession(raw: unknown): SessionParams | undefined {
  if (!isObject(raw)) return undefined;
  const entries = Object.entries(aliases).flatMap(([name, keys]) => {
    const value = keys.map((key) => raw[key]).find((each) => typeof each === "string" && each.trim() !== "");
    return typeof value === "string" ? [[name, value.trim()] as const] : [];
  });
  const params = Object.fromEntries(entries) as Partial<SessionParams>;
  return params.sessionId === undefined ? undefined : (params as SessionParams);
}

/** The host's way to store a session and to show it. */
export const sessionCodec: AdapterSessionCodec = {
  deserialize: (raw) => ({ ...readSession(raw) }).sessionId === undefined ? null : { ...readSession(raw) },
  serialize: (params) => ({ ...readSession(params) }).sessionId === undefined ? null : { ...readSession(params) },
  getDisplayId: (params) => readSession(params)?.sessionId ?? null,
};

/** Where the new run's files will be. */
export interface Workspace {
  readonly claim: string | undefined;
  readonly subPath: string | undefined;
  readonly mountPath: string;
}

/** Why the session can't be gone on with on this workspace; undefined if it can. */
export function whyNotResumed(session: SessionParams, workspace: Workspace): string | undefined {
  if (workspace.claim === undefined) return "the workspace is not kept (no workspaceVolumeClaim)";
  // Some of the host's wakes bring the id alone. Whether the file is there is seen in the pod before claude begins.
  if (session.workspaceClaim === undefined && session.cwd === undefined) return undefined;
  if (session.workspaceClaim !== workspace.claim) return "it was begun on another volume";
  if (session.workspaceSubPath !== workspace.subPath) return "it was begun in another directory of the volume";
  if (session.cwd !== workspace.mountPath) return "it was begun in another working directory";
  return undefined;
}
