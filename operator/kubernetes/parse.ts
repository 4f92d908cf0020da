/** From the API server's objects to the domain's. Whatever is not needed for deciding ends here. */
import type { ClaudeRun, ClaudeRunStatus } from "../../crds/claude-run.ts";
import { annotations, finalizer, labels, schedulingGate } from "../../crds/names.ts";
import { cancelReasons, isFailureReason } from "../../crds/reasons.ts";
import type { ContainerState, Job, Pod, Run, RunSpec, Stop } from "../domain.ts";
import { containerName } from "../names.ts";

interface Meta {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
    readonly controller?: boolean;
  }[];
}

interface RawState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: {
    readonly exitCode: number;
    readonly signal?: number;
    readonly reason?: string;
    readonly message?: string;
    readonly startedAt?: string;
    readonly finishedAt?: string;
  };
}

interface RawPod {
  readonly metadata: Meta;
  readonly spec?: { readonly nodeName?: string; readonly schedulingGates?: readonly { readonly name: string }[] };
  readonly status?: {
    readonly phase?: Pod["phase"];
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
      readonly lastTransitionTime?: string;
    }[];
    readonly containerStatuses?: readonly { readonly name: string; readonly state?: RawState }[];
  };
}

/** Longest message of a stop, in characters: it goes on into the status, which is bounded. */
export const maxStopMessage = 2_000;

/** A pod with the two lists that a JSON patch addresses by index. */
export interface CachedPod extends Pod {
  readonly gates: readonly string[];
  readonly finalizers: readonly string[];
}

const identity = (
  meta: Meta,
): { namespace: string; name: string; uid: string; resourceVersion: string; createdMs: number; deleting: boolean } => ({
  namespace: meta.namespace ?? "",
  name: meta.name ?? "",
  uid: meta.uid ?? "",
  resourceVersion: meta.resourceVersion ?? "",
  createdMs: Date.parse(meta.creationTimestamp ?? ""),
  deleting: meta.deletionTimestamp !== undefined,
});

/** Which run and attempt a Job or pod was made for. */
const origin = (meta: Meta): { agent: string; runName: string; runUid: string; attempt: number } => ({
  agent: meta.labels?.[labels.agent] ?? "",
  runName: meta.labels?.[labels.run] ?? "",
  runUid: meta.annotations?.[annotations.runUid] ?? "",
  // A user can have written anything there; 0 is no run's attempt.
  attempt: wholeNumber(meta.annotations?.[annotations.attempt] ?? "1"),
});

/** A ClaudeRun; of a finished one only what keeps others from starting it again. */
export function parseRun(object: unknown): Run | undefined {
  const { metadata, spec, status = {} } = object as Omit<ClaudeRun, "metadata"> & { metadata: Meta };
  // The schema requires both; an object without them was never accepted.
  if (typeof (spec as RunSpec | undefined)?.agent !== "string") return undefined;
  return {
    ...identity(metadata),
    generation: metadata.generation ?? 0,
    spec: {
      agent: spec.agent,
      ...pick(spec, [
        "cancel",
        "cancelReason",
        "suspend",
        "priority",
        "concurrencyPolicy",
        "clientLeaseName",
        "queueDeadlineSeconds",
        "startDeadlineSeconds",
        "activeDeadlineSeconds",
        "terminationGracePeriodSeconds",
        "podTTLSecondsAfterFinished",
        "ttlSecondsAfterFinished",
        "disruptionRetries",
        "workspace",
      ]),
    },
    ...endOf(status),
    status: isSettled(metadata, status)
      ? pick(status, ["phase", "attempt", "observedGeneration", "completionTime", "job", "pod"])
      : status,
  };
}

/** Finished, and stamped with the newest generation: nothing but that its log is gone will be written to it again. */
function isSettled({ generation = 0 }: Meta, status: ClaudeRunStatus): boolean {
  return isFinalPhase(status) && (status.observedGeneration ?? 0) >= generation && endOf(status).endedByHand !== true;
}

function isFinalPhase({ phase }: ClaudeRunStatus): boolean {
  return phase === "Succeeded" || phase === "Failed" || phase === "Cancelled";
}

function endOf(status: ClaudeRunStatus): Pick<Run, "endedByHand" | "logsAt"> {
  if (!isFinalPhase(status)) return {};
  const { conditions = [] } = status;
  const logsAt = conditions.findIndex(({ type, status: is }) => type === "LogsAvailable" && is === "True");
  const isSaid = conditions.some(({ type, status: is }) => type === "Finished" && is === "True");
  return { ...(logsAt < 0 ? {} : { logsAt }), ...(isSaid ? {} : { endedByHand: true }) };
}

/** A Job of ours; undefined for one that only wears our label. */
export function parseJob(object: unknown): Job | undefined {
  const { metadata, status } = object as {
    metadata: Meta;
    status?: { conditions?: readonly { type: string; status: string }[] };
  };
  const made = origin(metadata);
  if (made.agent === "" || made.runUid === "") return undefined;
  const finished = (status?.conditions ?? []).some(
    ({ type, status: is }) =>
      is === "True" &&
      (type === "Complete" || type === "Failed" || type === "SuccessCriteriaMet" || type === "FailureTarget"),
  );
  return { ...identity(metadata), ...made, finished };
}

/** A pod of ours; undefined for a stranger, and for one that is over and given back. */
export function parsePod(object: unknown): CachedPod | undefined {
  const pod = readPod(object);
  return pod !== undefined && !pod.held && (pod.phase === "Succeeded" || pod.phase === "Failed") ? undefined : pod;
}

/** A pod of ours, over or not; undefined for a stranger. */
export function readPod(object: unknown): CachedPod | undefined {
  const { metadata, spec, status } = object as RawPod;
  const made = origin(metadata);
  if (made.agent === "" || made.runUid === "") return undefined;
  const finalizers = metadata.finalizers ?? [];
  const gates = (spec?.schedulingGates ?? []).map(({ name }) => name);
  const held = finalizers.includes(finalizer);
  const phase = status?.phase ?? "Pending";
  const owner = metadata.ownerReferences?.find(({ kind }) => kind === "Job");
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled");
  const disruption = status?.conditions?.find(({ type, status: is }) => type === "DisruptionTarget" && is === "True");
  const stop = parseStop(metadata.annotations?.[annotations.stop]);
  const container = parseContainer(status?.containerStatuses?.find(({ name }) => name === containerName)?.state);
  const unheardSinceMs = container.kind === "running" ? parseUnheard(status?.conditions) : undefined;
  return {
    ...identity(metadata),
    ...made,
    jobName: owner?.name ?? metadata.labels?.["batch.kubernetes.io/job-name"] ?? "",
    ...(owner === undefined ? {} : { jobUid: owner.uid }),
    // Not a number would be in no order at all with the others.
    priority: wholeNumber(metadata.annotations?.[annotations.priority] ?? "0"),
    gates,
    finalizers,
    gated: gates.includes(schedulingGate),
    held,
    ...(spec?.nodeName === undefined ? {} : { node: spec.nodeName }),
    phase,
    ...pick(status ?? {}, ["reason", "message"]),
    ...(scheduled === undefined
      ? {}
      : { scheduled: { done: scheduled.status === "True", ...pick(scheduled, ["reason", "message"]) } }),
    ...(disruption === undefined
      ? {}
      : { disruption: { reason: disruption.reason ?? "", ...pick(disruption, ["message"]) } }),
    container,
    ...(unheardSinceMs === undefined ? {} : { unheardSinceMs }),
    ...(stop === undefined ? {} : { stop }),
  };
}

/** The control plane takes Ready away from the pods of a node that is silent; what the kubelet had said of them stays. */
function parseUnheard(conditions: NonNullable<RawPod["status"]>["conditions"] = []): number | undefined {
  const ready = conditions.find(({ type }) => type === "Ready");
  const containersReady = conditions.find(({ type }) => type === "ContainersReady");
  if (ready?.status !== "False" || containersReady?.status !== "True") return undefined;
  const sinceMs = Date.parse(ready.lastTransitionTime ?? "");
  return Number.isNaN(sinceMs) ? undefined : sinceMs;
}

function parseContainer(state: RawState | undefined): ContainerState {
  if (state?.terminated !== undefined) {
    const { exitCode, startedAt, finishedAt } = state.terminated;
    // A container that was never created is reported with the epoch for its times.
    const startedMs = Date.parse(startedAt ?? "");
    const finishedMs = Date.parse(finishedAt ?? "");
    return {
      kind: "terminated",
      exitCode,
      ...pick(state.terminated, ["reason", "message", "signal"]),
      ...(startedMs > 0 ? { startedMs } : {}),
      ...(finishedMs > 0 ? { finishedMs } : {}),
    };
  }
  if (state?.running !== undefined) {
    const startedMs = Date.parse(state.running.startedAt ?? "");
    return { kind: "running", ...(startedMs > 0 ? { startedMs } : {}) };
  }
  if (state?.waiting !== undefined) return { kind: "waiting", ...pick(state.waiting, ["reason", "message"]) };
  return { kind: "unknown" };
}

/** Our own annotation; a user can have written anything there, and the status takes only words that it knows. */
function parseStop(text: string | undefined): Stop | undefined {
  if (text === undefined) return undefined;
  try {
    const { reason, message } = (JSON.parse(text) ?? {}) as Partial<Record<keyof Stop, unknown>>;
    if (typeof reason !== "string" || typeof message !== "string" || !isStopReason(reason)) return undefined;
    return { reason, message: message.slice(0, maxStopMessage) };
  } catch {
    return undefined;
  }
}

function isStopReason(word: string): word is Stop["reason"] {
  return isFailureReason(word) || Object.hasOwn(cancelReasons, word);
}

function wholeNumber(text: string): number {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : 0;
}

/** The named fields that are there: exactOptionalPropertyTypes wants no undefined. */
function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): { [P in K]: T[P] } {
  return Object.fromEntries(keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]])) as {
    [P in K]: T[P];
  };
}
