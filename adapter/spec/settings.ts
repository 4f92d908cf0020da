/** Parses an agent's configuration: all keys of the form, and of the adapter that this one replaces. */
import { absolutePath, dnsLabel, dnsSubdomain, relativePath } from "../../crds/formats.ts";
import { reservedKeyPrefixes, reservedKeys } from "../../crds/names.ts";
import type { Rule } from "../../crds/rules.ts";
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

/** The parsed configuration. The operator's configuration sets the default of an undefined field. */
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
  /** NAMESPACE/NAME of the operator's Lease, for "Test environment" only. */
  readonly operatorLease: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly mcpServers?: Readonly<Record<string, unknown>> | undefined;
  readonly pod: PodSettings;
  /** Skipped labels, which only the operator may set. */
  readonly skippedLabels: readonly string[];
}

/** Fields of spec.pod. */
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
/** The host waits 60 s for a cancelled run: SIGTERM, this time, SIGKILL and the status update must fit. */
export const maxGraceSec = 40;

/** Maximum length of a Kubernetes name. */
const maxNameLength = 253;

/** Returns text of this format. The error names the allowed format and does not quote the value. */
function formattedText(config: Config, key: string, form: Rule<string>, max = maxNameLength): string | undefined {
  const value = textAt(config, key);
  if (value === undefined || (value.length <= max && form.isValid(value))) return value;
  throw new ConfigError(`${key} ${value.length > max ? `must have at most ${max} characters` : form.message}`);
}

/** Returns the parsed configuration. Throws ConfigError with the key and the allowed values. */
export function readSettings(config: Config): Settings {
  const { kept, skipped } = splitLabels(pairsAt(config, "labels"));
  return {
    kubeconfig: textAt(config, "kubeconfig"),
    namespace: formattedText(config, "namespace", dnsLabel, 63),
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
    credentialsSecretName:
      formattedText(config, "credentialsSecretName", dnsSubdomain) ?? formattedText(config, "secretRef", dnsSubdomain),
    concurrencyPolicy: choiceAt(config, "concurrencyPolicy", ["Queue", "Forbid", "Replace"]) ?? "Queue",
    retainRuns: booleanAt(config, "retainJobs") ?? false,
    ttlSecondsAfterFinished: numberAt(config, "ttlSecondsAfterFinished"),
    scheduleTimeoutSec: startDeadlineOf(
      numberAt(config, "podScheduleTimeoutSec"),
      numberAt(config, "podStartTimeoutSec"),
    ),
    idleTimeoutSec: numberAt(config, "idleTimeoutSec") || undefined,
    maxCostUSD: textAt(config, "maxCostUSD"),
    disruptionRetries: numberAt(config, "disruptionRetries") ?? 0,
    freshSessionOnMissing: booleanAt(config, "freshSessionOnMissing") ?? true,
    workspaceVolumeClaim: formattedText(config, "workspaceVolumeClaim", dnsSubdomain),
    workspaceMountPath: formattedText(config, "workspaceMountPath", absolutePath, 1_024),
    workspaceSubPath: formattedText(config, "workspaceSubPath", relativePath, 1_024),
    apiUrl: textAt(config, "paperclipApiUrl"),
    operatorLease: leaseAt(config) ?? "claude-run-system/claude-run",
    environment: pairsAt(config, "env") ?? {},
    mcpServers: objectAt(config, "mcpServers"),
    pod: {
      image: textAt(config, "image"),
      imagePullPolicy: choiceAt(config, "imagePullPolicy", ["Always", "IfNotPresent", "Never"]),
      imagePullSecrets: listAt(config, "imagePullSecrets")?.map((name) => {
        if (!dnsSubdomain.isValid(name)) throw new ConfigError(`imagePullSecrets ${dnsSubdomain.message}`);
        return { name };
      }),
      serviceAccountName: formattedText(config, "serviceAccountName", dnsSubdomain),
      resources: resourcesAt(config),
      nodeSelector: pairsAt(config, "nodeSelector"),
      tolerations: tolerationsAt(config, "tolerations"),
      labels: kept,
      runtimeClassName: formattedText(config, "runtimeClassName", dnsSubdomain),
      priorityClassName: formattedText(config, "priorityClassName", dnsSubdomain),
    },
    skippedLabels: skipped,
  };
}

function leaseAt(config: Config): string | undefined {
  const lease = textAt(config, "operatorLease");
  if (lease === undefined) return undefined;
  const [namespace = "", name = "", ...rest] = lease.split("/");
  if (rest.length === 0 && lease.length <= maxNameLength && dnsLabel.isValid(namespace) && dnsSubdomain.isValid(name))
    return lease;
  throw new ConfigError("operatorLease must be NAMESPACE/NAME of a Lease");
}

function startDeadlineOf(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : (a ?? 120) + (b ?? 480);
}

function splitLabels(labels: Record<string, string> | undefined): {
  kept: Record<string, string> | undefined;
  skipped: string[];
} {
  if (labels === undefined) return { kept: undefined, skipped: [] };
  const isReserved = (key: string): boolean =>
    reservedKeyPrefixes.some((prefix) => key.startsWith(prefix)) || reservedKeys.some((reserved) => reserved === key);
  const kept = Object.fromEntries(Object.entries(labels).filter(([key]) => !isReserved(key)));
  return { kept, skipped: Object.keys(labels).filter(isReserved) };
}
