/** Creates the statuses of finished runs. */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import { cancelReasons, failureReasons, type FinalReason } from "../../crds/reasons.ts";
import { isAdmitted, outlivesClaude, type Pod, type Run } from "../domain.ts";
import { condition } from "./conditions.ts";
import type { Outcome } from "./outcome.ts";
import { historyConditions, logCondition, mirroredPod } from "./pod-conditions.ts";
import { sidecarsNext, stillRun } from "./sidecars.ts";
import { rfc3339, withConditions, without } from "./with-conditions.ts";
import { attemptResult, total } from "./totals.ts";

/** The final status, which is written once. */
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
  return withConditions(run, status, nowMs, [
    { type: "Finished", status: "True", reason, message },
    { type: "Succeeded", status: succeeded, reason, message },
    ...(condition(run.status.conditions, "Admitted") === undefined
      ? []
      : [
          {
            type: "Admitted",
            status: "False",
            reason: "Finished",
            message: slotMessage(pod),
          } as const,
        ]),
    ...historyConditions(pod, started),
    report === undefined
      ? { type: "ResultRecorded", status: "False", reason: "NoReport", message: "The container left no report." }
      : {
          type: "ResultRecorded",
          status: "True",
          reason: "Recorded",
          message: "The runner's report is in status.result.",
        },
    logCondition(pod),
  ]);
}

/** The slot is free once the pod has ended, which can be later than claude's end. */
function slotMessage(pod: Pod | undefined): string {
  if (pod === undefined || !outlivesClaude(pod)) return "The agent's slot is free again.";
  const which = stillRun(pod.openContainers ?? []);
  return `The agent's slot is free once pod ${pod.name} has ended: ${which}. ${sidecarsNext(pod)}`;
}

/** The status without the runner's report, which is in `log`, `result` and `session`. */
export function withoutReport(status: ClaudeRunStatus): ClaudeRunStatus {
  return without(status, "log", "result", "session");
}

/** The status of a run whose phase a user set to a finished one: clients that wait for its end get the conditions. */
export function finishedByHand(run: Run, nowMs: number): ClaudeRunStatus {
  const reason = "StatusEdited";
  const message = "A user set status.phase. This ended the run, and the operator does not record its pod any more.";
  return withConditions(run, run.status, nowMs, [
    { type: "Finished", status: "True", reason, message },
    { type: "Succeeded", status: run.status.phase === "Succeeded" ? "True" : "False", reason, message },
  ]);
}

/** The status with the generation of a changed spec: `kubectl wait` ignores conditions of an older generation. */
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
