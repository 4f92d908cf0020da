/** Constructors of every status that an unfinished run can have. Only here and in ended-status.ts is a phase or a condition spelt. */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import type { QueuedReason } from "../../crds/reasons.ts";
import { attemptOf, isBetweenAttempts, type Pod, type Run } from "../domain.ts";
import { retryMessage } from "./attempts.ts";
import { condition, type Says } from "./conditions.ts";
import type { Mirror } from "./mirror.ts";
import type { Outcome } from "./outcome.ts";
import { logSays, mirroredPod, progressSays } from "./pod-says.ts";
import type { Refusal } from "./refusal.ts";
import { rfc3339, stamped, without } from "./stamp.ts";
import { attemptResult, carried } from "./totals.ts";

interface Why {
  readonly reason: QueuedReason;
  readonly message: string;
  readonly position?: number;
}

/** The run waits for its agent's slot. */
export function queued(run: Run, why: Why, nowMs: number): ClaudeRunStatus {
  return stamped(podless(run), waiting(run, why), nowMs, waitingSays(why));
}

/** It is next, but its Job or its pod is refused. Since when, the transition time of PodScheduled tells. */
export function refused(run: Run, { reason, message }: Refusal, nowMs: number): ClaudeRunStatus {
  if (isBetweenAttempts(run)) return retryRefused(run, { reason, message }, nowMs);
  const why = { reason: "Admitting", message } as const;
  const podSays: Says = { type: "PodScheduled", status: "False", reason, message };
  return stamped(run, waiting(run, why), nowMs, [...waitingSays(why), podSays]);
}

/** The same of a later attempt: it keeps slot and phase. PodScheduled is False since the attempt before was recorded. */
function retryRefused(run: Run, said: Pick<Refusal, "reason" | "message">, nowMs: number): ClaudeRunStatus {
  return stamped(run, run.status, nowMs, [
    { type: "Succeeded", status: "Unknown", ...said },
    { type: "PodScheduled", status: "False", ...said },
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

function waitingSays({ reason, message }: Why): Says[] {
  return [
    { type: "Finished", status: "False", reason: "Queued", message: "The run has not ended." },
    { type: "Succeeded", status: "Unknown", reason, message },
    { type: "Admitted", status: "False", reason, message },
  ];
}

/** The run without what was said of an earlier pod, or of one that was refused. */
function podless(run: Run): Run {
  const conditions = run.status.conditions?.filter(({ type }) => type !== "PodScheduled");
  return conditions === undefined ? run : { ...run, status: { ...run.status, conditions } };
}

/** The compare-and-swap of invariant 2: this pod, and no other, is let go for this attempt. */
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
  return stamped(podless(run), status, nowMs, [
    { type: "Finished", status: "False", reason: "Pending", message: "The run has not ended." },
    { type: "Succeeded", status: "Unknown", reason: "Scheduling", message: "The pod waits for a node." },
    { type: "Admitted", status: "True", reason: "SlotHeld", message: holding(run, pod) },
  ]);
}

function holding(run: Run, pod: Pod): string {
  const holds = `Pod ${pod.name} holds the agent's slot.`;
  if (!run.spec.suspend) return holds;
  return `${holds} spec.suspend has no effect on a run that was admitted; to end it set spec.cancel.`;
}

/** What the pod of an admitted run shows at the moment. */
export function mirrored(run: Run, pod: Pod, mirror: Mirror, nowMs: number): ClaudeRunStatus {
  const status: ClaudeRunStatus = {
    ...run.status,
    phase: mirror.phase,
    pod: mirroredPod(pod, mirror.waitingReason),
    ...(mirror.startedMs === undefined ? {} : { startTime: run.status.startTime ?? rfc3339(mirror.startedMs) }),
    ...(pod.sample === undefined || mirror.phase !== "Running" ? {} : pod.sample),
  };
  return stamped(run, status, nowMs, [
    { type: "Finished", status: "False", reason: mirror.phase, message: "The run has not ended." },
    { type: "Succeeded", status: "Unknown", reason: mirror.reason, message: mirror.message },
    { type: "Admitted", status: "True", reason: "SlotHeld", message: holding(run, pod) },
    ...progressSays(pod, mirror),
  ]);
}

/**
 * An attempt was disrupted and another one follows: what it did is recorded, the slot is kept. Pod and Job are those of
 * the next attempt, so there are none yet; `result` carries the figures of what has been until the end.
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
  // What the earlier pod had reached is gone: these begin again, at this moment.
  const kept = run.status.conditions?.filter(({ type }) => type !== "PodScheduled" && type !== "Started") ?? [];
  return stamped({ ...run, status: { ...run.status, conditions: kept } }, status, nowMs, [
    { type: "Finished", status: "False", reason: "Retrying", message: "The run has not ended." },
    { type: "Succeeded", status: "Unknown", reason: "Retrying", message },
    {
      type: "Admitted",
      status: "True",
      reason: "SlotHeld",
      message: "The run keeps its agent's slot between attempts.",
    },
    { type: "PodScheduled", status: "False", reason: "Retrying", message: "The next attempt's pod is being made." },
    { type: "Started", status: "False", reason: "Retrying", message: "The next attempt has not started." },
    logSays(pod),
  ]);
}

/** Between attempts something still holds the slot: the run waits, and keeps its claim. */
export function heldUp(run: Run, message: string, nowMs: number): ClaudeRunStatus {
  return stamped(run, run.status, nowMs, [
    { type: "Succeeded", status: "Unknown", reason: "PreviousPodNotConfirmed", message },
  ]);
}

/** The same wait, in the words of an Event: its reason if the state is the pod's own, its message in any case. */
export function explained(
  run: Run,
  status: ClaudeRunStatus,
  event: { reason: string; message: string },
  nowMs: number,
): ClaudeRunStatus {
  const says: Says[] = (["Succeeded", "Admitted"] as const).flatMap((type) => {
    const now = condition(status.conditions, type);
    if (now === undefined || now.status === "True") return [];
    const reason = status.phase === "Queued" ? now.reason : event.reason;
    return [{ type, status: now.status, reason, message: event.message }];
  });
  return stamped({ ...run, status }, status, nowMs, says);
}
