/** From the API server's pods to the domain's. Whatever is not needed for deciding ends here. */
import { annotations, finalizer, schedulingGate } from "../../crds/names.ts";
import { cancelReasons, isFailureReason } from "../../crds/reasons.ts";
import type { ContainerState, Pod, Stop } from "../domain.ts";
import { containerName } from "../names.ts";
import { identity, origin, pick, wholeNumber, type Meta } from "./meta.ts";

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
