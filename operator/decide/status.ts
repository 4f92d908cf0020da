/** Creates the statuses of unfinished runs. Only this file and ended-status.ts contain phases and conditions. */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import type { QueuedReason } from "../../crds/reasons.ts";
import { attemptOf, isBetweenAttempts, type Pod, type Run } from "../domain.ts";
import { retryMessage } from "./attempts.ts";
import { condition, type ConditionUpdate } from "./conditions.ts";
import type { Mirror } from "./mirror.ts";
import type { Outcome } from "./outcome.ts";
import { logCondition, mirroredPod, progressConditions } from "./pod-conditions.ts";
import type { Rejection } from "./rejection.ts";
import { rfc3339, withConditions, without } from "./with-conditions.ts";
import { attemptResult, carried } from "./totals.ts";

interface Why {
  readonly reason: QueuedReason;
  readonly message: string;
  readonly position?: number;
}

/** The run waits for its agent's slot. */
export function queued(run: Run, why: Why, nowMs: number): ClaudeRunStatus {
  return withConditions(podless(run), waiting(run, why), nowMs, waitingConditions(why));
}

/** True if the run already has the status that `queued` would return, except for the queue position. */
export function isQueuedFor({ status, generation }: Run, why: Why): boolean {
  const { phase, observedGeneration, queuedTime, conditions = [] } = status;
  if (phase !== "Queued" || observedGeneration !== generation || queuedTime === undefined) return false;
  if (condition(conditions, "PodScheduled") !== undefined) return false;
  return waitingConditions(why).every((update) => {
    const current = condition(conditions, update.type);
    return (
      current?.status === update.status &&
      current.reason === update.reason &&
      current.message === update.message &&
      current.observedGeneration === generation
    );
  });
}

/** The API server rejects the candidate's Job or pod, since the transition time of PodScheduled. */
export function rejected(run: Run, { reason, message }: Rejection, nowMs: number): ClaudeRunStatus {
  if (isBetweenAttempts(run)) return retryRejected(run, { reason, message }, nowMs);
  const why = { reason: "Admitting", message } as const;
  const scheduled: ConditionUpdate = { type: "PodScheduled", status: "False", reason, message };
  return withConditions(run, waiting(run, why), nowMs, [...waitingConditions(why), scheduled]);
}

/** The same for a later attempt, which keeps slot and phase. PodScheduled is False since the end of the earlier one. */
function retryRejected(run: Run, rejection: Pick<Rejection, "reason" | "message">, nowMs: number): ClaudeRunStatus {
  return withConditions(run, run.status, nowMs, [
    { type: "Succeeded", status: "Unknown", ...rejection },
    { type: "PodScheduled", status: "False", ...rejection },
  ]);
}

function waiting(run: Run, { position }: Why): ClaudeRunStatus {
  return {
    ...without(run.status, "queuePosition"),
    phase: "Queued",
    queuedTime: run.status.queuedTime ?? rfc3339(run.createdMs),
    ...(position === undefined ? {} : { queuePosition: position }),
  };
}

function waitingConditions({ reason, message }: Why): ConditionUpdate[] {
  return [
    { type: "Finished", status: "False", reason: "Queued", message: "The run has not ended." },
    { type: "Succeeded", status: "Unknown", reason, message },
    { type: "Admitted", status: "False", reason, message },
  ];
}

/** The run without the condition of an earlier or a rejected pod. */
function podless(run: Run): Run {
  const conditions = run.status.conditions?.filter(({ type }) => type !== "PodScheduled");
  return conditions === undefined ? run : { ...run, status: { ...run.status, conditions } };
}

/** The compare-and-swap of invariant 2: only this pod is ungated for this attempt. */
export function admitted(run: Run, pod: Pod, nowMs: number): ClaudeRunStatus {
  const rest = without(run.status, "queuePosition");
  const status: ClaudeRunStatus = {
    ...rest,
    phase: "Pending",
    attempt: pod.attempt,
    queuedTime: run.status.queuedTime ?? rfc3339(run.createdMs),
    admittedTime: run.status.admittedTime ?? rfc3339(nowMs),
    pod: { name: pod.name, uid: pod.uid, phase: "Pending" },
    ...(pod.jobName === undefined
      ? {}
      : { job: { name: pod.jobName, ...(pod.jobUid === undefined ? {} : { uid: pod.jobUid }) } }),
  };
  return withConditions(podless(run), status, nowMs, [
    { type: "Finished", status: "False", reason: "Pending", message: "The run has not ended." },
    { type: "Succeeded", status: "Unknown", reason: "Scheduling", message: "The pod waits for a node." },
    { type: "Admitted", status: "True", reason: "SlotHeld", message: holding(run, pod) },
  ]);
}

function holding(run: Run, pod: Pod): string {
  const holds = `Pod ${pod.name} holds the agent's slot.`;
  if (!run.spec.suspend) return holds;
  return `${holds} spec.suspend has no effect on an admitted run: set spec.cancel to end it.`;
}

/** The status of an admitted run, from its pod. */
export function mirrored(run: Run, pod: Pod, mirror: Mirror, nowMs: number): ClaudeRunStatus {
  const status: ClaudeRunStatus = {
    ...run.status,
    phase: mirror.phase,
    pod: mirroredPod(pod, mirror.waitingReason),
    ...(mirror.startedMs === undefined ? {} : { startTime: run.status.startTime ?? rfc3339(mirror.startedMs) }),
    ...(pod.sample === undefined || mirror.phase !== "Running" ? {} : pod.sample),
  };
  return withConditions(run, status, nowMs, [
    { type: "Finished", status: "False", reason: mirror.phase, message: "The run has not ended." },
    { type: "Succeeded", status: "Unknown", reason: mirror.reason, message: mirror.message },
    { type: "Admitted", status: "True", reason: "SlotHeld", message: holding(run, pod) },
    ...progressConditions(pod, mirror),
  ]);
}

/**
 * An attempt was disrupted and another one follows. The run keeps its slot. Pod and Job are those of the next
 * attempt, so they are absent; `result` has the figures of the earlier attempts until the end.
 */
export function retrying(run: Run, ended: Outcome, nowMs: number): ClaudeRunStatus {
  const rest = without(run.status, "pod", "job", "log", "progress", "result", "conditions");
  const { report, pod } = ended;
  const started = pod?.container.kind === "terminated" ? pod.container.startedMs : undefined;
  const figures = carried(run, ended);
  const status: ClaudeRunStatus = {
    ...rest,
    phase: "Pending",
    attempt: attemptOf(run) + 1,
    ...(started === undefined ? {} : { startTime: run.status.startTime ?? rfc3339(started) }),
    ...(report?.session === undefined ? {} : { session: report.session }),
    ...(figures === undefined ? {} : { result: figures }),
  };
  const message = retryMessage(run, ended, attemptResult(run, ended));
  // The conditions of the earlier pod start again now.
  const kept = run.status.conditions?.filter(({ type }) => type !== "PodScheduled" && type !== "Started") ?? [];
  return withConditions({ ...run, status: { ...run.status, conditions: kept } }, status, nowMs, [
    { type: "Finished", status: "False", reason: "Retrying", message: "The run has not ended." },
    { type: "Succeeded", status: "Unknown", reason: "Retrying", message },
    {
      type: "Admitted",
      status: "True",
      reason: "SlotHeld",
      message: "The run keeps its agent's slot between attempts.",
    },
    { type: "PodScheduled", status: "False", reason: "Retrying", message: "The next attempt's pod is being created." },
    { type: "Started", status: "False", reason: "Retrying", message: "The next attempt has not started." },
    logCondition(pod),
  ]);
}

/** Between attempts the next one is blocked: the run waits, and keeps its slot. */
export function blocked(run: Run, why: Why, nowMs: number): ClaudeRunStatus {
  const { reason, message } = why;
  return withConditions(run, run.status, nowMs, [{ type: "Succeeded", status: "Unknown", reason, message }]);
}

/** The same wait with the message of an Event, and with its reason unless the run is queued. */
export function explained(
  run: Run,
  status: ClaudeRunStatus,
  event: { reason: string; message: string },
  nowMs: number,
): ClaudeRunStatus {
  const updates: ConditionUpdate[] = (["Succeeded", "Admitted"] as const).flatMap((type) => {
    const now = condition(status.conditions, type);
    if (now === undefined || now.status === "True") return [];
    const reason = status.phase === "Queued" ? now.reason : event.reason;
    return [{ type, status: now.status, reason, message: event.message }];
  });
  return withConditions({ ...run, status }, status, nowMs, updates);
}
