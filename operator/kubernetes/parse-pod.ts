/** Parses the API server's pods into the domain's, without the fields that decisions do not need. */
import { annotations, finalizer, schedulingGate } from "../../crds/names.ts";
import { cancelReasons, isFailureReason } from "../../crds/reasons.ts";
import type { ContainerState, Pod, Stop } from "../domain.ts";
import { containerName } from "../names.ts";
import { requiredDigests } from "../plan/verified-start.ts";
import { identity, origin, pick, wholeNumber, type Meta } from "./meta.ts";
import { runnerConfigMapIn, type RawVolume } from "./runner-volume.ts";

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

interface RawContainer {
  readonly name: string;
  /** "Always" on an init container makes it a sidecar. */
  readonly restartPolicy?: string;
  readonly command?: readonly string[];
}

interface RawStatus {
  readonly name: string;
  readonly state?: RawState;
}

interface RawPod {
  readonly metadata: Meta;
  readonly spec?: {
    readonly nodeName?: string;
    readonly schedulingGates?: readonly { readonly name: string }[];
    readonly activeDeadlineSeconds?: number;
    readonly containers?: readonly RawContainer[];
    readonly initContainers?: readonly RawContainer[];
    readonly volumes?: readonly RawVolume[];
  };
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
    readonly containerStatuses?: readonly RawStatus[];
    readonly initContainerStatuses?: readonly RawStatus[];
  };
}

/** Maximum length of a stop's message in characters, because the status has a limit. */
export const maxStopMessage = 2_000;

/** The least deadline that a pod may have: the kubelet ends the pod at once. No run's own deadline is as short. */
export const endAtOnceSeconds = 1;

/** A pod with the data for JSON patches, which address list items by index. */
export interface CachedPod extends Pod {
  readonly gates: readonly string[];
  readonly finalizers: readonly string[];
  readonly hasAnnotations: boolean;
}

/** Parses a run's pod. Returns undefined for other pods, and for ended ones without the finalizer. */
export function parsePod(object: unknown): CachedPod | undefined {
  const pod = readPod(object);
  return pod !== undefined && !pod.hasFinalizer && (pod.phase === "Succeeded" || pod.phase === "Failed")
    ? undefined
    : pod;
}

/** Parses a run's pod, ended or not. Returns undefined for other pods. */
export function readPod(object: unknown): CachedPod | undefined {
  const { metadata, spec, status } = object as RawPod;
  const made = origin(metadata);
  const owner = metadata.ownerReferences?.find(isJob);
  const finalizers = metadata.finalizers ?? [];
  const gates = (spec?.schedulingGates ?? []).map(({ name }) => name);
  const hasFinalizer = finalizers.includes(finalizer);
  const isGated = gates.includes(schedulingGate);
  const isForeign = made.runUid === "" && owner === undefined && !hasFinalizer && !isGated;
  if (made.agent === "" || isForeign) return undefined;
  const phase = status?.phase ?? "Pending";
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled");
  const disruption = status?.conditions?.find(({ type, status: is }) => type === "DisruptionTarget" && is === "True");
  // An annotation alone does not prove a stop: the operator also deletes the pod or sets its deadline.
  const isEnding = metadata.deletionTimestamp !== undefined || spec?.activeDeadlineSeconds === endAtOnceSeconds;
  const stop = isEnding ? parseStop(metadata.annotations?.[annotations.stop]) : undefined;
  const isEndingSidecars = isEnding && metadata.annotations?.[annotations.endSidecars] !== undefined;
  const container = parseContainer(status?.containerStatuses?.find(({ name }) => name === containerName)?.state);
  const nodeUnreachableSinceMs = container.kind === "running" ? parseNodeUnreachable(status?.conditions) : undefined;
  return {
    kind: "pod",
    ...identity(metadata),
    ...made,
    jobName: owner?.name ?? metadata.labels?.["batch.kubernetes.io/job-name"] ?? "",
    ...(owner === undefined ? {} : { jobUid: owner.uid }),
    // NaN would break the order of pods.
    priority: wholeNumber(metadata.annotations?.[annotations.priority] ?? "0"),
    gates,
    finalizers,
    hasAnnotations: metadata.annotations !== undefined,
    ...(metadata.annotations?.[annotations.ungated] === metadata.uid ? { isUngatedByUs: true } : {}),
    isGated,
    hasFinalizer,
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
    ...othersOf(object as RawPod, container),
    ...(isEndingSidecars ? { isEndingSidecars } : {}),
    ...(nodeUnreachableSinceMs === undefined ? {} : { nodeUnreachableSinceMs }),
    ...(stop === undefined ? {} : { stop }),
    ...runnerConfigMapIn(spec?.volumes),
    ...requiredDigestsOf(spec?.containers),
  };
}

function requiredDigestsOf(containers: readonly RawContainer[] = []): Pick<Pod, "runDigests"> {
  const digests = requiredDigests(containers.find(({ name }) => name === containerName)?.command);
  return digests === undefined ? {} : { runDigests: JSON.stringify(digests) };
}

function isJob({ apiVersion, kind, controller }: NonNullable<Meta["ownerReferences"]>[number]): boolean {
  return kind === "Job" && apiVersion === "batch/v1" && controller === true;
}

/** The control plane sets Ready=False on the pods of an unreachable node, but keeps the kubelet's other conditions. */
function parseNodeUnreachable(conditions: NonNullable<RawPod["status"]>["conditions"] = []): number | undefined {
  const ready = conditions.find(({ type }) => type === "Ready");
  const containersReady = conditions.find(({ type }) => type === "ContainersReady");
  if (ready?.status !== "False" || containersReady?.status !== "True") return undefined;
  const sinceMs = Date.parse(ready.lastTransitionTime ?? "");
  return Number.isNaN(sinceMs) ? undefined : sinceMs;
}

/** The containers that outlive claude, and the init container for which its start waits. */
function othersOf({ spec, status }: RawPod, claude: ContainerState): Pick<Pod, "openContainers" | "waitsFor"> {
  if (claude.kind === "running") return {};
  if (claude.kind === "terminated") {
    const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
    const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
    const ended = new Set(statuses.filter(({ state }) => state?.terminated !== undefined).map(({ name }) => name));
    const others = [...sidecars, ...(spec?.containers ?? [])].map(({ name }) => name);
    const open = others.filter((name) => name !== containerName && !ended.has(name));
    return open.length === 0 ? {} : { openContainers: open };
  }
  for (const { name, state } of status?.initContainerStatuses ?? []) {
    const { waiting, terminated } = state ?? {};
    if (waiting?.reason !== undefined && waiting.reason !== "PodInitializing") {
      return { waitsFor: { name, reason: waiting.reason, ...pick(waiting, ["message"]) } };
    }
    if (terminated !== undefined && terminated.exitCode !== 0) {
      const message = `it ended with exit code ${terminated.exitCode}`;
      return { waitsFor: { name, reason: terminated.reason ?? "Error", message } };
    }
  }
  return {};
}

function parseContainer(state: RawState | undefined): ContainerState {
  if (state?.terminated !== undefined) {
    const { exitCode, startedAt, finishedAt } = state.terminated;
    // A container that was never created has the epoch as its times.
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

/** Parses the operator's annotation. A user may have written it, so unknown reasons are ignored. */
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
