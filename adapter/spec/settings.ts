/** An agent's configuration, read: every key of the form and of the adapter that this one replaces. */
import { reservedKeyPrefixes, reservedKeys } from "../../crds/names.ts";
import {
  booleanAt,
  choiceAt,
  listAt,
  numberAt,
  objectAt,
  pairsAt,
  resourcesAt,
  textAt,
  tolerationsAt,
  ConfigError,
  type Config,
} from "./values.ts";

/** What the spec is built from; absent means that the operator's configuration decides. */
export interface Settings {
  readonly kubeconfig?: string | undefined;
  readonly namespace?: string | undefined;
  readonly model?: string | undefined;
  readonly effort?: (typeof efforts)[number] | undefined;
  readonly maxTurns?: number | undefined;
  readonly skipPermissions: boolean;
  readonly extraArgs: readonly string[];
  readonly promptTemplate?: string | undefined;
  readonly bootstrapPromptTemplate?: string | undefined;
  readonly instructionsFilePath?: string | undefined;
  readonly timeoutSec: number;
  readonly graceSec: number;
  readonly credentialsSecretName?: string | undefined;
  readonly concurrencyPolicy: "Queue" | "Forbid" | "Replace";
  readonly retainRuns: boolean;
  readonly ttlSecondsAfterFinished?: number | undefined;
  readonly scheduleTimeoutSec?: number | undefined;
  readonly idleTimeoutSec?: number | undefined;
  readonly maxCostUSD?: string | undefined;
  readonly disruptionRetries: number;
  readonly freshSessionOnMissing: boolean;
  readonly workspaceVolumeClaim?: string | undefined;
  readonly workspaceMountPath?: string | undefined;
  readonly workspaceSubPath?: string | undefined;
  readonly apiUrl?: string | undefined;
  /** NAMESPACE/NAME; only "Test environment" reads it. */
  readonly operatorLease: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly mcpServers?: Readonly<Record<string, unknown>> | undefined;
  readonly pod: PodSettings;
  /** Labels that only the operator sets: left out, and said so. */
  readonly skippedLabels: readonly string[];
}

/** What goes into spec.pod as it is. */
export interface PodSettings {
  readonly image?: string | undefined;
  readonly imagePullPolicy?: "Always" | "IfNotPresent" | "Never" | undefined;
  readonly imagePullSecrets?: readonly { readonly name: string }[] | undefined;
  readonly serviceAccountName?: string | undefined;
  readonly resources?: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined;
  readonly tolerations?: readonly Readonly<Record<string, unknown>>[] | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly runtimeClassName?: string | undefined;
  readonly priorityClassName?: string | undefined;
}

export const efforts = ["low", "medium", "high", "xhigh", "max"] as const;
/** The host waits 60 s for a cancelled run: TERM, this long, KILL and the news of it have to fit. */
export const maxGraceSec = 40;

/** Reads the configuration; throws ConfigError with the key and what is allowed. */
export function readSettings(config: Config): Settings {
  const { kept, skipped } = ownLabels(pairsAt(config, "labels"));
  return {
    kubeconfig: textAt(config, "kubeconfig"),
    namespace: textAt(config, "namespace"),
    model: textAt(config, "model"),
    effort: choiceAt(config, "effort", efforts),
    maxTurns: numberAt(config, "maxTurnsPerRun") || undefined,
    skipPermissions: booleanAt(config, "dangerouslySkipPermissions") ?? true,
    extraArgs: listAt(config, "extraArgs") ?? listAt(config, "args") ?? [],
    promptTemplate: textAt(config, "promptTemplate"),
    bootstrapPromptTemplate: textAt(config, "bootstrapPromptTemplate"),
    instructionsFilePath: textAt(config, "instructionsFilePath"),
    timeoutSec: Math.ceil(numberAt(config, "timeoutSec") ?? 0),
    graceSec: Math.min(maxGraceSec, Math.max(1, Math.ceil(numberAt(config, "graceSec") ?? 20))),
    credentialsSecretName: textAt(config, "credentialsSecretName") ?? textAt(config, "secretRef"),
    concurrencyPolicy: choiceAt(config, "concurrencyPolicy", ["Queue", "Forbid", "Replace"]) ?? "Queue",
    retainRuns: booleanAt(config, "retainJobs") ?? false,
    ttlSecondsAfterFinished: numberAt(config, "ttlSecondsAfterFinished"),
    scheduleTimeoutSec: sum(numberAt(config, "podScheduleTimeoutSec"), numberAt(config, "podStartTimeoutSec")),
    idleTimeoutSec: numberAt(config, "idleTimeoutSec") || undefined,
    maxCostUSD: textAt(config, "maxCostUSD"),
    disruptionRetries: numberAt(config, "disruptionRetries") ?? 0,
    freshSessionOnMissing: booleanAt(config, "freshSessionOnMissing") ?? true,
    workspaceVolumeClaim: textAt(config, "workspaceVolumeClaim"),
    workspaceMountPath: textAt(config, "workspaceMountPath"),
    workspaceSubPath: textAt(config, "workspaceSubPath"),
    apiUrl: textAt(config, "paperclipApiUrl"),
    operatorLease: leaseAt(config) ?? "claude-run-system/claude-run",
    environment: pairsAt(config, "env") ?? {},
    mcpServers: objectAt(config, "mcpServers"),
    pod: {
      image: textAt(config, "image"),
      imagePullPolicy: choiceAt(config, "imagePullPolicy", ["Always", "IfNotPresent", "Never"]),
      imagePullSecrets: listAt(config, "imagePullSecrets")?.map((name) => ({ name })),
      serviceAccountName: textAt(config, "serviceAccountName"),
      resources: resourcesAt(config),
      nodeSelector: pairsAt(config, "nodeSelector"),
      tolerations: tolerationsAt(config, "tolerations"),
      labels: kept,
      runtimeClassName: textAt(config, "runtimeClassName"),
      priorityClassName: textAt(config, "priorityClassName"),
    },
    skippedLabels: skipped,
  };
}

function leaseAt(config: Config): string | undefined {
  const lease = textAt(config, "operatorLease");
  if (lease === undefined || /^[a-z0-9-]+\/[a-z0-9.-]+$/.test(lease)) return lease;
  throw new ConfigError(`operatorLease must be NAMESPACE/NAME, not ${lease}`);
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : (a ?? 120) + (b ?? 480);
}

function ownLabels(labels: Record<string, string> | undefined): {
  kept: Record<string, string> | undefined;
  skipped: string[];
} {
  if (labels === undefined) return { kept: undefined, skipped: [] };
  const isReserved = (key: string): boolean =>
    reservedKeyPrefixes.some((prefix) => key.startsWith(prefix)) || reservedKeys.some((reserved) => reserved === key);
  const kept = Object.fromEntries(Object.entries(labels).filter(([key]) => !isReserved(key)));
  return { kept, skipped: Object.keys(labels).filter(isReserved) };
}
