/** Constructors of every status a run can have. Nobody else spells a phase or a condition. */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import { cancelReasons, failureReasons, type FinalReason, type QueuedReason } from "../../crds/reasons.ts";
import { attemptOf, isAdmitted, isBetweenAttempts, type Pod, type Run } from "../domain.ts";
import { retryMessage } from "./attempts.ts";
import { condition, withConditions, type Says } from "./conditions.ts";
import type { Mirror } from "./mirror.ts";
import type { Outcome } from "./outcome.ts";
import type { Refusal } from "./refusal.ts";
import { attemptResult, carried, total } from "./totals.ts";

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
    ...progressOf(pod, mirror),
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

/** The end: written once, never changed again. */
export function finished(run: Run, outcome: Outcome, nowMs: number): ClaudeRunStatus {
  const rest = without(run.status, "queuePosition", "progress");
  const { reason, message, report, pod } = outcome;
  const last = isAdmitted(run) ? attemptResult(run, outcome) : undefined;
  const result = total(run, { result: last, ended: outcome });
  const started = pod?.container.kind === "terminated" ? pod.container.startedMs : undefined;
  const ended = pod?.container.kind === "terminated" ? pod.container.finishedMs : undefined;
  const status: ClaudeRunStatus = {
    ...rest,
    phase: phaseOf(reason),
    queuedTime: run.status.queuedTime ?? rfc3339(run.createdMs),
    ...(started === undefined ? {} : { startTime: run.status.startTime ?? rfc3339(started) }),
    completionTime: rfc3339(ended ?? nowMs),
    ...(pod === undefined ? {} : { pod: mirroredPod(pod) }),
    ...(result === undefined ? {} : { result }),
    ...(report?.log === undefined ? {} : { log: { ...report.log, complete: report.complete } }),
    ...(report?.session === undefined ? {} : { session: report.session }),
    ...(phaseOf(reason) === "Failed" ? { failure: failureOf(outcome) } : {}),
  };
  const succeeded = reason === "Completed" ? "True" : "False";
  return stamped(run, status, nowMs, [
    { type: "Finished", status: "True", reason, message },
    { type: "Succeeded", status: succeeded, reason, message },
    ...(condition(run.status.conditions, "Admitted") === undefined
      ? []
      : [
          {
            type: "Admitted",
            status: "False",
            reason: "Finished",
            message: "The agent's slot is free again.",
          } as const,
        ]),
    ...historySays(pod, started),
    report === undefined
      ? { type: "ResultRecorded", status: "False", reason: "NoReport", message: "The container left no report." }
      : {
          type: "ResultRecorded",
          status: "True",
          reason: "Recorded",
          message: "The runner's report is in status.result.",
        },
    logSays(pod),
  ]);
}

/** Whether the pod of an attempt that has ended is kept: one that was deleted takes its log with it. */
function logSays(pod: Pod | undefined): Says {
  if (pod === undefined || pod.container.kind !== "terminated" || pod.deleting) {
    return { type: "LogsAvailable", status: "False", reason: "NoPod", message: "There is no pod to read a log from." };
  }
  const message = `kubectl logs ${pod.name} until the pod's TTL.`;
  return { type: "LogsAvailable", status: "True", reason: "PodKept", message };
}

/** An end without the runner's report: what stands in `log`, `result` and `session` came from inside the container. */
export function bare(status: ClaudeRunStatus): ClaudeRunStatus {
  return without(status, "log", "result", "session");
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

/** A run whose phase somebody set to a finished one by hand: it stays so, and whoever waits for its end is told. */
export function endedByHand(run: Run, nowMs: number): ClaudeRunStatus {
  const reason = "StatusEdited";
  const message = "Somebody set status.phase by hand: that ended the run, and what its pod does is recorded no more.";
  return stamped(run, run.status, nowMs, [
    { type: "Finished", status: "True", reason, message },
    { type: "Succeeded", status: run.status.phase === "Succeeded" ? "True" : "False", reason, message },
  ]);
}

/** A finished run whose spec was touched afterwards: `kubectl wait` trusts no condition of an older generation. */
export function restamped(run: Run): ClaudeRunStatus {
  const conditions = (run.status.conditions ?? []).map((each) => ({ ...each, observedGeneration: run.generation }));
  return { ...run.status, observedGeneration: run.generation, conditions };
}

function phaseOf(reason: FinalReason): "Succeeded" | "Failed" | "Cancelled" {
  if (reason === "Completed") return "Succeeded";
  return Object.hasOwn(cancelReasons, reason) ? "Cancelled" : "Failed";
}

function failureOf({ reason, message, report }: Outcome): NonNullable<ClaudeRunStatus["failure"]> {
  const entry = Object.hasOwn(failureReasons, reason)
    ? failureReasons[reason as keyof typeof failureReasons]
    : undefined;
  return {
    reason,
    message,
    retryable: entry?.retryable ?? false,
    ...(report?.resumeAfterTime === undefined ? {} : { resumeAfterTime: report.resumeAfterTime }),
  };
}

function mirroredPod(pod: Pod, waitingReason?: string): NonNullable<ClaudeRunStatus["pod"]> {
  return {
    name: pod.name,
    uid: pod.uid,
    phase: pod.phase,
    ...(pod.node === undefined ? {} : { node: pod.node }),
    ...(pod.reason === undefined ? {} : { reason: pod.reason.slice(0, 256) }),
    ...(pod.message === undefined ? {} : { message: pod.message.slice(0, 1024) }),
    ...(waitingReason === undefined ? {} : { waitingReason: waitingReason.slice(0, 256) }),
  };
}

function progressOf(pod: Pod, mirror: Mirror): Says[] {
  if (mirror.phase !== "Running") return scheduledSays(pod);
  const log = { reason: "ContainerRunning", message: `kubectl logs -f ${pod.name}` };
  return [
    ...scheduledSays(pod),
    { type: "Started", status: "True", reason: "ContainerRunning", message: "The container runs." },
    { type: "LogsAvailable", status: "True", ...log },
  ];
}

function scheduledSays(pod: Pod): Says[] {
  if (pod.scheduled === undefined) return [];
  const { done, reason, message } = pod.scheduled;
  const on = pod.node === undefined ? "The pod has a node." : `The pod is on node ${pod.node}.`;
  return [
    {
      type: "PodScheduled",
      status: done ? "True" : "False",
      reason: reason ?? (done ? "Scheduled" : "Scheduling"),
      message: message ?? (done ? on : "The pod waits for a node."),
    },
  ];
}

/** A run can be over before anybody saw it run: what its pod tells of that is said at the end. */
function historySays(pod: Pod | undefined, startedMs: number | undefined): Says[] {
  if (pod === undefined || startedMs === undefined) return [];
  return [
    ...scheduledSays(pod),
    {
      type: "Started",
      status: "True",
      reason: "ContainerStarted",
      message: `The container started at ${rfc3339(startedMs)}.`,
    },
  ];
}

function stamped(run: Run, status: ClaudeRunStatus, nowMs: number, says: readonly Says[]): ClaudeRunStatus {
  const conditions = withConditions(run.status.conditions ?? [], says, {
    generation: run.generation,
    time: rfc3339(nowMs),
  });
  return { ...status, observedGeneration: run.generation, conditions };
}

function rfc3339(ms: number): string {
  return new Date(ms).toISOString();
}

function without<K extends keyof ClaudeRunStatus>(
  status: ClaudeRunStatus,
  ...names: readonly K[]
): Omit<ClaudeRunStatus, K> {
  return Object.fromEntries(Object.entries(status).filter(([name]) => !names.includes(name as K))) as Omit<
    ClaudeRunStatus,
    K
  >;
}
