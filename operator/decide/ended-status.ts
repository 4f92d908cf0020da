/** Constructors of every status that a run can end in. */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import { cancelReasons, failureReasons, type FinalReason } from "../../crds/reasons.ts";
import { isAdmitted, type Run } from "../domain.ts";
import { condition } from "./conditions.ts";
import type { Outcome } from "./outcome.ts";
import { historySays, logSays, mirroredPod } from "./pod-says.ts";
import { rfc3339, stamped, without } from "./stamp.ts";
import { attemptResult, total } from "./totals.ts";

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

/** True for every status that `finished` yields. */
export function isEnd({ conditions }: ClaudeRunStatus): boolean {
  return condition(conditions, "Finished")?.status === "True";
}

/** An end without the runner's report: what stands in `log`, `result` and `session` came from inside the container. */
export function bare(status: ClaudeRunStatus): ClaudeRunStatus {
  return without(status, "log", "result", "session");
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
