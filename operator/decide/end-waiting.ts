/** Ends the wait of a run, and computes how long it may last. */
import { isBetweenAttempts, type Job, type Pod, type Run } from "../domain.ts";
import { retryDeadlineMs } from "./attempts.ts";
import type { RunContext, Decision, RuleResult } from "./decision.ts";
import { finished } from "./ended-status.ts";
import type { Outcome } from "./outcome.ts";
import { overdueMs } from "./overdue.ts";
import { rejectionOf } from "./rejection.ts";

/** The end of the queue deadline, if the run has one. */
export function untilQueueDeadline(run: Run): { requeueAtMs?: number } {
  const seconds = run.spec.queueDeadlineSeconds;
  return seconds === undefined ? {} : { requeueAtMs: run.createdMs + seconds * 1000 };
}

/** The nearest deadline of the candidate. */
export function untilDeadline({ run, observed }: Pick<RunContext, "run" | "observed">): { requeueAtMs?: number } {
  if (isBetweenAttempts(run)) return { requeueAtMs: overdueMs(retryDeadlineMs(run), observed) };
  const rejection = rejectionOf(run);
  const queue = untilQueueDeadline(run);
  if (rejection === undefined) return queue;
  return {
    requeueAtMs: Math.min(rejectedUntilMs({ run, observed }, rejection.sinceMs), queue.requeueAtMs ?? Infinity),
  };
}

/** Until when a pod may be rejected: as long as a start may take. */
export function rejectedUntilMs({ run, observed }: Pick<RunContext, "run" | "observed">, sinceMs: number): number {
  return overdueMs(sinceMs + run.spec.startDeadlineSeconds * 1000, observed);
}

/** Ends a run that was not admitted. Its pod and Job are deleted first. */
export function endWaiting(
  { run, pod, job, observed }: Pick<RunContext, "run" | "pod" | "job" | "observed">,
  how: Outcome,
): RuleResult {
  return {
    decisions: [...deletionOf(pod, job), { do: "updateStatus", run, status: finished(run, how, observed.nowMs) }],
  };
}

/** Deletes the run's unstarted pod and its Job, if there are any. */
export function deletionOf(pod: Pod | undefined, job: Job | undefined): Decision[] {
  if (pod === undefined && job === undefined) return [];
  if (job?.isDeleting === true && pod === undefined) return [];
  return [{ do: "deleteUnstarted", ...(pod === undefined ? {} : { pod }), ...(job === undefined ? {} : { job }) }];
}
