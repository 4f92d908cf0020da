/**
 * The variables of the agent's container. Lowest to highest: what Paperclip says about the run, the agent's own `env`, and
 * the run's identity, which nothing overrides. Nothing of the server's environment is in it but PAPERCLIP_API_URL.
 */
import {
  applyPaperclipWorkspaceEnv,
  buildPaperclipEnv,
  isForbiddenConfigEnvKey,
  readPaperclipIssueWorkModeFromContext,
  stringifyPaperclipWakePayload,
} from "@paperclipai/adapter-utils/server-utils";
import type { AdapterExecutionContext } from "@paperclipai/adapter-utils";
import { isObject } from "./values.ts";

/** Linux takes no longer string: 128 KiB for `NAME=value` and its end. */
const maxVariableBytes = 131_072;
/** Meant for the host's own processes: paths that no pod has, and what follows from them. */
const hostOnly = new Set([
  "TMPDIR",
  "TEMP",
  "TMP",
  "HOME",
  "PAPERCLIP_SCRATCH_DIR",
  "PAPERCLIP_RUN_SCRATCH_DIR",
  "PAPERCLIP_TASK_SCRATCH_DIR",
  "PAPERCLIP_TMPDIR",
  "GH_CONFIG_DIR",
  "PAPERCLIP_GITHUB_HOST_HOME",
  "PAPERCLIP_GITHUB_AUTH_MODE",
  "PAPERCLIP_GIT_METADATA_ROOTS",
  "PAPERCLIP_RUNNER_NETWORK_ROOTS",
  "PAPERCLIP_RUNNER_NETWORK_ACCESS",
]);
const pathKeys = new Set(["cwd", "worktreePath", "agentHome"]);
const validName = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** The container's variables, apart by who may see them, and what was left out and why. */
export interface Environment {
  /** May stand in the ClaudeRun. */
  readonly plain: Readonly<Record<string, string>>;
  /** Only in the run's own Secret: whatever the agent's configuration says may be a key. */
  readonly secret: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

export interface EnvironmentInput {
  readonly context: AdapterExecutionContext;
  /** The agent's `env`, read. */
  readonly configured: Readonly<Record<string, string>>;
  readonly apiUrl: string | undefined;
  /** Where claude works in the pod. */
  readonly workingDirectory: string;
}

/** Puts the variables together. */
export function buildEnvironment(input: EnvironmentInput): Environment {
  const { context, configured } = input;
  const notes: string[] = [];
  const identity = identityOf(input);
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(configured)) {
    if (hostOnly.has(name)) continue;
    if (!validName.test(name)) notes.push(`env ${name}: not a name of a variable; left out`);
    else if (name in identity || isForbiddenConfigEnvKey(name)) {
      notes.push(`env ${name}: it is the run's identity; left out`);
    } else own[name] = value;
  }
  const plain = fitting({ ...aboutRun(context), ...identity }, notes);
  const overridden = Object.fromEntries(Object.entries(plain).filter(([name]) => !(name in own)));
  const key = context.authToken === undefined ? {} : { PAPERCLIP_API_KEY: context.authToken };
  return { plain: overridden, secret: { ...fitting(own, notes), ...key }, notes };
}

/** Who the run is and whom it calls: nothing overrides these. */
function identityOf({ context, apiUrl, workingDirectory }: EnvironmentInput): Record<string, string> {
  const { agent, runId, context: wake } = context;
  const task = textOf(wake["taskId"]) ?? textOf(wake["issueId"]);
  const url = apiUrl ?? buildPaperclipEnv(agent)["PAPERCLIP_API_URL"];
  return {
    PAPERCLIP_AGENT_ID: agent.id,
    PAPERCLIP_COMPANY_ID: agent.companyId,
    PAPERCLIP_RUN_ID: runId,
    ...(url === undefined ? {} : { PAPERCLIP_API_URL: url }),
    ...(task === undefined ? {} : { PAPERCLIP_TASK_ID: task }),
    PAPERCLIP_WORKSPACE_CWD: workingDirectory,
    AGENT_HOME: workingDirectory,
  };
}

/** What Paperclip says about the wake. Paths of the host are left out. */
function aboutRun({ agent, context }: AdapterExecutionContext): Record<string, string> {
  const workspace = isObject(context["paperclipWorkspace"]) ? context["paperclipWorkspace"] : {};
  const env = applyPaperclipWorkspaceEnv(
    {},
    {
      workspaceSource: textOf(workspace["source"]) ?? null,
      workspaceStrategy: textOf(workspace["strategy"]) ?? null,
      workspaceId: textOf(workspace["workspaceId"]) ?? null,
      workspaceRepoUrl: textOf(workspace["repoUrl"]) ?? null,
      workspaceRepoRef: textOf(workspace["repoRef"]) ?? null,
      workspaceBranch: textOf(workspace["branchName"]) ?? null,
    },
  );
  const issues = Array.isArray(context["issueIds"]) ? context["issueIds"].filter((id) => typeof id === "string") : [];
  return compact({
    ...env,
    PAPERCLIP_ISSUE_WORK_MODE: readPaperclipIssueWorkModeFromContext(context) ?? undefined,
    PAPERCLIP_WAKE_REASON: textOf(context["wakeReason"]),
    PAPERCLIP_WAKE_COMMENT_ID: textOf(context["wakeCommentId"]) ?? textOf(context["commentId"]),
    PAPERCLIP_APPROVAL_ID: textOf(context["approvalId"]),
    PAPERCLIP_APPROVAL_STATUS: textOf(context["approvalStatus"]),
    PAPERCLIP_LINKED_ISSUE_IDS: issues.join(",") || undefined,
    PAPERCLIP_WAKE_PAYLOAD_JSON: stringifyPaperclipWakePayload(context["paperclipWake"]) ?? undefined,
    PAPERCLIP_WORKSPACES_JSON: jsonOf(withoutPaths(context["paperclipWorkspaces"])),
    PAPERCLIP_RUNTIME_SERVICE_INTENTS_JSON: jsonOf(context["paperclipRuntimeServiceIntents"]),
    PAPERCLIP_RUNTIME_SERVICES_JSON: jsonOf(context["paperclipRuntimeServices"]),
    PAPERCLIP_RUNTIME_PRIMARY_URL: textOf(context["paperclipRuntimePrimaryUrl"]),
    ANTHROPIC_CUSTOM_HEADERS: `X-Anthropic-Agent-Id: ${agent.id}`,
  });
}

function fitting(variables: Readonly<Record<string, string>>, notes: string[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).filter(([name, value]) => {
      const bytes = name.length + Buffer.byteLength(value) + 2;
      if (bytes <= maxVariableBytes && !value.includes("\0")) return true;
      notes.push(`env ${name}: ${bytes} bytes, more than Linux takes in one variable (128 KiB); left out`);
      return false;
    }),
  );
}

function withoutPaths(list: unknown): unknown {
  if (!Array.isArray(list)) return undefined;
  return list
    .filter(isObject)
    .map((each) => Object.fromEntries(Object.entries(each).filter(([name]) => !pathKeys.has(name))));
}

function jsonOf(value: unknown): string | undefined {
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return undefined;
  return JSON.stringify(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

function compact(entries: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(entries).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
