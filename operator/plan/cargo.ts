/** The run's ConfigMap: the runner's configuration and an inline prompt. Cargo, owned by the Job; never a lock. */
import type { V1ConfigMap } from "@kubernetes/client-node";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { apiVersion, kind } from "../../crds/names.ts";
import type { ClaudeOptions, RunnerConfig } from "../../runner/contract.ts";
import { continuationOf, continuationPrompt, remainingSpec } from "./attempt.ts";
import { attemptName } from "./names.ts";
import { labelsOf, mountPathOf, type PodDefaults } from "./job.ts";
import {
  configFile,
  continuationFile,
  continuationPath,
  mcpConfigPath,
  promptFile,
  promptPath,
  settingsPath,
} from "./paths.ts";

/** The ConfigMap of an attempt, owned by its Job; by the run if somebody deleted the Job and orphaned its pod. */
export function planCargo(
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

/** What the runner is told: the spec's own words, and where things are in the container. */
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
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? defaults.terminationGracePeriodSeconds,
  };
}
