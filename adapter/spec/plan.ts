/** Plans one ClaudeRun and its Secrets from the host's configuration and context. */
import type { AdapterExecutionContext } from "@paperclipai/adapter-utils";
import type { NewRun } from "../../client/runs.ts";
import { compact } from "../../crds/json.ts";
import { apiVersion, kind } from "../../crds/names.ts";
import { parseClaudeRun } from "../../crds/parse.ts";
import { bundlePath, instructionsFile, readBundle, type Bundle } from "./bundle.ts";
import { buildEnvironment, type Environment } from "./environment.ts";
import { mayHoldCredential } from "./credentials.ts";
import { mcpConfig } from "./mcp.ts";
import { agentName, labelValue, runIdAnnotation, runLabels, runName } from "./names.ts";
import { buildPrompt, type Prompt } from "./prompt.ts";
import { packSecrets, secretVolume, type SecretData } from "./secrets.ts";
import { readSession, resumeObstacle, type SessionParams, type Workspace } from "./session.ts";
import type { Settings } from "./settings.ts";
import { ConfigError } from "./values.ts";

export const adapterType = "claude_k8s";
const inlinePromptBytes = 65_536;
const maxPromptBytes = 1_048_576;
const inlineVariableLength = 32_768;

/** The objects of a run and the decisions behind them. */
export interface Plan {
  readonly name: string;
  readonly run: NewRun;
  readonly secrets: readonly SecretData[];
  readonly prompt: Prompt;
  readonly environment: Environment;
  readonly bundle: Bundle;
  readonly workspace: Workspace;
  /** The session that the run resumes. */
  readonly resumed: SessionParams | undefined;
  /** Notes for the transcript about skipped settings and decisions. */
  readonly notes: readonly string[];
}

export interface PlanInput {
  readonly ctx: AdapterExecutionContext;
  readonly settings: Settings;
  readonly namespace: string;
  readonly leaseName: string | undefined;
  /** If true, the run starts a new session, and has a different name. */
  readonly isFresh?: boolean;
}

/** Returns the plan of a run. Creates nothing. Throws ConfigError for an invalid configuration. */
export async function planRun(input: PlanInput): Promise<Plan> {
  const { ctx, settings, isFresh = false } = input;
  const agent = agentName(ctx.agent.id);
  if (agent === undefined) throw new ConfigError(`agent id ${JSON.stringify(ctx.agent.id)} has no letter or digit`);
  rejectCredentials("extraArgs", settings.extraArgs);
  rejectCredentials("model", [settings.model ?? ""]);
  const name = runName(ctx.agent.id, isFresh ? `${ctx.runId}-fresh` : ctx.runId);
  const workspace = workspaceOf(ctx, settings);
  const notes: string[] = settings.skippedLabels.map((key) => `label ${key} skipped: it is reserved for the operator`);
  const resumed = isFresh ? undefined : sessionToResume(ctx, workspace, notes);
  const prompt = buildPrompt(ctx, settings, resumed !== undefined);
  const bundle = await readBundle(ctx.config, settings.instructionsFilePath, resumed === undefined);
  const environment = buildEnvironment({
    context: ctx,
    configured: settings.environment,
    apiUrl: settings.apiUrl,
    workingDirectory: workspace.mountPath,
  });
  notes.push(...bundle.notes, ...environment.notes);
  const parts = secretParts({ prompt, bundle, environment, mcp: mcpConfig(ctx, settings) });
  const secrets = packSecrets(name, parts.entries);
  const run = claudeRun({ ...input, agent, name, workspace, resumed, prompt, bundle, environment, secrets });
  const parsed = parseClaudeRun(run);
  if (!parsed.ok) throw new ConfigError(`the ClaudeRun would be invalid: ${parsed.problems.join("; ")}`);
  return { name, run, secrets, prompt, environment, bundle, workspace, resumed, notes };
}

/** Arguments are readable in the ClaudeRun, the pod and the process table, so they must not contain credentials. */
function rejectCredentials(key: string, values: readonly string[]): void {
  const at = values.findIndex(mayHoldCredential);
  if (at < 0) return;
  throw new ConfigError(
    `${key} must not contain a credential (value ${at + 1} looks like one): use env or mcpServers, which go into a Secret`,
  );
}

function workspaceOf(ctx: AdapterExecutionContext, settings: Settings): Workspace {
  const claim = settings.workspaceVolumeClaim;
  const own = `companies/${labelValue(ctx.agent.companyId)}/agents/${labelValue(ctx.agent.id)}`;
  return {
    claim,
    subPath: claim === undefined ? undefined : (settings.workspaceSubPath ?? own),
    mountPath: settings.workspaceMountPath ?? "/workspace",
  };
}

function sessionToResume(
  { runtime }: AdapterExecutionContext,
  workspace: Workspace,
  notes: string[],
): SessionParams | undefined {
  const session = readSession(runtime.sessionParams) ?? readSession({ sessionId: runtime.sessionId });
  if (session === undefined) return undefined;
  const why = resumeObstacle(session, workspace);
  if (why === undefined) return session;
  notes.push(`session ${session.sessionId} is not resumed: ${why}`);
  return undefined;
}

function secretParts({
  prompt,
  bundle,
  environment,
  mcp,
}: {
  prompt: Prompt;
  bundle: Bundle;
  environment: Environment;
  mcp: string | undefined;
}): { entries: { key: string; content: Buffer }[] } {
  const promptBytes = Buffer.byteLength(prompt.text);
  if (promptBytes > maxPromptBytes) {
    throw new ConfigError(`the prompt has ${promptBytes} bytes; allowed: 1 MiB. Shorten the templates or the issue`);
  }
  const long = Object.entries(environment.plain).filter(([, value]) => value.length > inlineVariableLength);
  return {
    entries: [
      ...[...Object.entries(environment.secret), ...long].map(([key, value]) => ({
        key: `env.${key}`,
        content: Buffer.from(value),
      })),
      ...(mcp === undefined ? [] : [{ key: "mcp.json", content: Buffer.from(mcp) }]),
      ...(promptBytes <= inlinePromptBytes && !mayHoldCredential(prompt.text)
        ? []
        : [{ key: "prompt", content: Buffer.from(prompt.text) }]),
      ...bundle.files.map(({ content }, n) => ({ key: `file.${n}`, content })),
    ],
  };
}

type Parts = PlanInput &
  Pick<Plan, "name" | "workspace" | "resumed" | "prompt" | "bundle" | "environment" | "secrets"> & { agent: string };

function claudeRun(parts: Parts): NewRun {
  const { ctx, settings, namespace, name, workspace, resumed, prompt, secrets } = parts;
  const ref = (key: string) => {
    const secret = secrets.find(({ entries }) => entries.some((entry) => entry.key === key));
    return secret === undefined ? undefined : { secretKeyRef: { name: secret.name, key } };
  };
  const mcpConfigFrom = ref("mcp.json");
  const promptFrom = ref("prompt");
  const task = ctx.runtime.taskKey;
  const spec = {
    agent: parts.agent,
    ...(promptFrom === undefined ? { prompt: prompt.text } : { promptFrom }),
    claude: compact({
      model: settings.model,
      effort: settings.effort,
      maxTurns: settings.maxTurns,
      dangerouslySkipPermissions: settings.skipPermissions || undefined,
      addDirs: parts.bundle.files.length > 0 ? [bundlePath] : undefined,
      appendSystemPromptFile: parts.bundle.hasInstructions ? `${bundlePath}/${instructionsFile}` : undefined,
      mcpConfigFrom,
      extraArgs: [...(mcpConfigFrom === undefined ? [] : ["--strict-mcp-config"]), ...settings.extraArgs],
    }),
    session: resumed === undefined ? undefined : { resume: resumed.sessionId, onMissing: "Fail" },
    credentialsSecretName: settings.credentialsSecretName,
    budget: settings.maxCostUSD === undefined ? undefined : { maxCostUSD: settings.maxCostUSD },
    concurrencyPolicy: settings.concurrencyPolicy,
    suspend: secrets.length > 0,
    startDeadlineSeconds: settings.scheduleTimeoutSec,
    activeDeadlineSeconds: settings.timeoutSec > 0 ? settings.timeoutSec : undefined,
    idleTimeoutSeconds: settings.idleTimeoutSec,
    terminationGracePeriodSeconds: settings.graceSec,
    disruptionRetries: settings.disruptionRetries,
    clientLeaseName: parts.leaseName,
    podTTLSecondsAfterFinished: settings.retainRuns ? undefined : settings.ttlSecondsAfterFinished,
    workspace: compact({
      persistentVolumeClaim:
        workspace.claim === undefined ? undefined : compact({ claimName: workspace.claim, subPath: workspace.subPath }),
      mountPath: workspace.mountPath,
    }),
    pod: podOf(parts),
  };
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      labels: {
        [runLabels.run]: labelValue(ctx.runId),
        [runLabels.agent]: labelValue(ctx.agent.id),
        [runLabels.company]: labelValue(ctx.agent.companyId),
        ...(task === null || task === "" ? {} : { [runLabels.task]: labelValue(task) }),
        [runLabels.adapter]: adapterType,
        ...(secrets.length === 0 ? {} : { [runLabels.secrets]: String(secrets.length) }),
      },
      annotations: { [runIdAnnotation]: ctx.runId },
    },
    spec: compact(spec),
  } as NewRun;
}

function podOf({ settings, environment, bundle, secrets }: Parts): Record<string, unknown> {
  const names = [...Object.keys(environment.plain), ...Object.keys(environment.secret)];
  const env = names.map((name) => {
    const secret = secrets.find(({ entries }) => entries.some(({ key }) => key === `env.${name}`));
    if (secret === undefined) return { name, value: escapeReferences(environment.plain[name] ?? "") };
    return { name, valueFrom: { secretKeyRef: { name: secret.name, key: `env.${name}` } } };
  });
  const volume = secretVolume(
    secrets,
    bundle.files.map(({ path }, n) => ({ key: `file.${n}`, path })),
  );
  return compact({
    ...settings.pod,
    env,
    ...(volume === undefined
      ? {}
      : {
          volumes: [volume],
          volumeMounts: [{ name: volume.name, mountPath: bundlePath, readOnly: true }],
        }),
  });
}

/** Escapes $(NAME), which Kubernetes would replace by another variable. */
function escapeReferences(value: string): string {
  return value.replaceAll("$(", "$$(");
}
