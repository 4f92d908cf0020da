/** The run ConfigMap: the runner's configuration and an inline prompt. The Job owns it. */
import type { V1ConfigMap } from "@kubernetes/client-node";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { apiVersion, kind } from "../../crds/names.ts";
import type { ClaudeOptions, RunnerConfig } from "../../runner/contract.ts";
import { continuationOf, continuationPrompt, remainingSpec } from "./attempt.ts";
import { attemptName } from "./names.ts";
import { labelsOf, reservedVariables, type PodDefaults } from "./job.ts";
import { mountPathOf } from "./volumes.ts";
import {
  configFile,
  continuationFile,
  continuationPath,
  mcpConfigPath,
  promptFile,
  promptPath,
  settingsPath,
} from "./paths.ts";

/** Returns the ConfigMap of an attempt. Its Job owns it, or the run if a user deleted the Job and orphaned the pod. */
export function planRunConfigMap(
  run: ClaudeRun,
  options: {
    attempt: number;
    jobUid?: string;
    defaults: Pick<PodDefaults, "mountPath" | "terminationGracePeriodSeconds">;
  },
): V1ConfigMap {
  const { attempt, jobUid, defaults } = options;
  const name = attemptName(run.metadata, attempt);
  const { prompt } = run.spec;
  const continued = continuationOf(run, attempt);
  const config: RunnerConfig = {
    ...runnerConfig({ spec: remainingSpec(run, attempt) }, defaults),
    ...(continued === undefined ? {} : { continuation: { session: continued, promptPath: continuationPath } }),
  };
  const owner =
    jobUid === undefined
      ? { apiVersion, kind, name: run.metadata.name, uid: run.metadata.uid }
      : { apiVersion: "batch/v1", kind: "Job", name, uid: jobUid };
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name,
      namespace: run.metadata.namespace,
      labels: labelsOf(run),
      ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: false }],
    },
    immutable: true,
    data: {
      [configFile]: JSON.stringify(config),
      ...(continued === undefined ? {} : { [continuationFile]: continuationPrompt }),
      ...(prompt === undefined ? {} : { [promptFile]: prompt }),
    },
  };
}

/** If Secrets become variables, only the values in the spec are known to be public. */
function publicVariables({ credentialsSecretName, pod }: ClaudeRun["spec"]): Pick<RunnerConfig, "publicVariables"> {
  const env = pod?.env ?? [];
  const hasSecrets =
    credentialsSecretName !== undefined ||
    (pod?.envFrom ?? []).some((source) => source.secretRef !== undefined) ||
    env.some(({ valueFrom }) => valueFrom?.secretKeyRef !== undefined);
  if (!hasSecrets) return {};
  const inSpec = env.filter(({ valueFrom }) => valueFrom?.secretKeyRef === undefined).map(({ name }) => name);
  return { publicVariables: [...reservedVariables, ...inSpec] };
}

/** The runner's configuration: fields of the spec, and paths in the container. */
export function runnerConfig(
  { spec }: Pick<ClaudeRun, "spec">,
  defaults: Pick<PodDefaults, "mountPath" | "terminationGracePeriodSeconds">,
): RunnerConfig {
  const { mcpConfigFrom, settingsFrom, ...claude } = spec.claude ?? {};
  const options: ClaudeOptions = {
    ...claude,
    ...(mcpConfigFrom === undefined ? {} : { mcpConfigPath }),
    ...(settingsFrom === undefined ? {} : { settingsPath }),
  };
  return {
    v: 1,
    promptPath: promptPath(spec),
    workingDirectory: mountPathOf(spec, defaults),
    claude: options,
    ...(spec.session === undefined ? {} : { session: spec.session }),
    ...(spec.budget === undefined ? {} : { maxCostUSD: spec.budget.maxCostUSD }),
    ...(spec.activeDeadlineSeconds === undefined ? {} : { activeDeadlineSeconds: spec.activeDeadlineSeconds }),
    ...(spec.idleTimeoutSeconds === undefined ? {} : { idleTimeoutSeconds: spec.idleTimeoutSeconds }),
    resultGracePeriodSeconds: spec.resultGracePeriodSeconds,
    backgroundGracePeriodSeconds: spec.backgroundGracePeriodSeconds,
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? defaults.terminationGracePeriodSeconds,
    ...publicVariables(spec),
    ...(spec.workspace?.trust === false ? { isWorkspaceTrusted: false } : {}),
  };
}
