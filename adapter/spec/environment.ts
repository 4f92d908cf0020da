/**
 * The environment variables of the agent's container. The precedence, lowest first: Paperclip's context of the run, the
 * agent's own `env`, the run's identity. From the server's environment only PAPERCLIP_API_URL is used.
 */
import {
  applyPaperclipWorkspaceEnv,
  buildPaperclipEnv,
  isForbiddenConfigEnvKey,
  readPaperclipIssueWorkModeFromContext,
  stringifyPaperclipWakePayload,
} from "@paperclipai/adapter-utils/server-utils";
import type { AdapterExecutionContext } from "@paperclipai/adapter-utils";
import { mayHoldCredential } from "./credentials.ts";
import { isObject } from "../../crds/json.ts";
import { compact } from "../../crds/json.ts";

/** Linux's limit for one `NAME=value` string with its terminator: 128 KiB. */
const maxVariableBytes = 131_072;
/** Variables for the host's own processes, mostly with paths that do not exist in a pod. */
const hostOnlyVariables = new Set([
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

/** The container's variables, separated by visibility, and notes about skipped ones. */
export interface Environment {
  /** Variables that may be in the ClaudeRun. */
  readonly plain: Readonly<Record<string, string>>;
  /** Variables for the run's Secret: the agent's own `env`, and values that may contain a credential. */
  readonly secret: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

export interface EnvironmentInput {
  readonly context: AdapterExecutionContext;
  /** The agent's parsed `env`. */
  readonly configured: Readonly<Record<string, string>>;
  readonly apiUrl: string | undefined;
  /** claude's working directory in the pod. */
  readonly workingDirectory: string;
}

/** Returns the variables of the container. */
export function buildEnvironment(input: EnvironmentInput): Environment {
  const { context, configured } = input;
  const notes: string[] = [];
  const identity = identityVariables(input);
  const own: Record<string, string> = {};
  for (const [at, [name, value]] of Object.entries(configured).entries()) {
    if (hostOnlyVariables.has(name)) continue;
    // Do not quote the name: in a line such as "c2VjcmV0/YQ==" it is a secret.
    if (!validName.test(name)) notes.push(`env: entry ${at + 1} skipped: its name is invalid`);
    else if (name in identity || isForbiddenConfigEnvKey(name)) {
      notes.push(`env ${name} skipped: it is part of the run's identity`);
    } else own[name] = value;
  }
  const plain = withinSizeLimit({ ...contextVariables(context), ...identity }, notes);
  const visible = Object.entries(plain).filter(([name]) => !(name in own));
  const key = context.authToken === undefined ? {} : { PAPERCLIP_API_KEY: context.authToken };
  return {
    plain: Object.fromEntries(visible.filter(([, value]) => !mayHoldCredential(value))),
    secret: {
      ...Object.fromEntries(visible.filter(([, value]) => mayHoldCredential(value))),
      ...withinSizeLimit(own, notes),
      ...key,
    },
    notes,
  };
}

/** Returns the run's identity and the server's URL, which nothing overrides. */
function identityVariables({ context, apiUrl, workingDirectory }: EnvironmentInput): Record<string, string> {
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

/** Returns Paperclip's context of the run, without paths of the host. */
function contextVariables({ agent, context }: AdapterExecutionContext): Record<string, string> {
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

function withinSizeLimit(variables: Readonly<Record<string, string>>, notes: string[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).filter(([name, value]) => {
      const bytes = name.length + Buffer.byteLength(value) + 2;
      if (bytes <= maxVariableBytes && !value.includes("\0")) return true;
      notes.push(`env ${name} skipped: ${bytes} bytes; Linux allows 128 KiB in one variable`);
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
