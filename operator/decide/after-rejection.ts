/** Decisions after the API server rejected a Job, its pod or the removal of a gate. */
import type { Run } from "../domain.ts";
import type { Decision } from "./decision.ts";
import { finished } from "./ended-status.ts";
import type { FollowUp } from "./follow-up.ts";
import { failure } from "./outcome.ts";
import { parseRejection, rejectionOf, type Rejection } from "./rejection.ts";
import * as status from "./status.ts";

/** Longest time between two tries. */
const maxRetryMs = 30_000;

/** Ends the run after a permanent rejection. A temporary one is shown in the status, debounced. */
export function afterRejection(
  run: Run,
  rejection: Rejection,
  nowMs: number,
): Extract<Decision, { do: "updateStatus" }> {
  return rejection.isFinal
    ? { do: "updateStatus", run, status: finished(run, failure(rejection.reason, rejection.message), nowMs) }
    : { do: "updateStatus", run, status: status.rejected(run, rejection, nowMs), isDebounced: true };
}

/** After a rejected POST of a Job. If a waiting run has no `requeueAfterMs`, the work queue backs off. */
export function afterJobRejection(
  run: Run,
  { message, code }: { readonly message: string; readonly code: number },
  nowMs: number,
): FollowUp & { readonly isFinal: boolean } {
  const rejection = parseRejection(message, { isFinal: code === 400 || code === 422 });
  const decisions = [afterRejection(run, rejection, nowMs)];
  const known = rejection.isFinal ? undefined : rejectionOf(run);
  const requeue = known === undefined ? {} : { requeueAfterMs: retryDelayMs(nowMs - known.sinceMs) };
  return { decisions, isFinal: rejection.isFinal, ...requeue };
}

/**
 * After a rejected patch of the gate: the status shows the message. The run keeps the slot until its start deadline.
 */
export function afterUngateRejection(run: Run, message: string, nowMs: number): Decision {
  const explained = status.explained(run, run.status, parseRejection(message), nowMs);
  return { do: "updateStatus", run, status: explained, isDebounced: true };
}

/** Ends a run whose stored spec does not parse. */
export function afterInvalidSpec(run: Run, message: string, nowMs: number): Decision {
  return { do: "updateStatus", run, status: finished(run, failure("InvalidSpec", message), nowMs) };
}

/** The delay grows with the time since this run's rejection, and does not depend on the agent's other runs. */
function retryDelayMs(lastedMs: number): number {
  return Math.min(Math.max(lastedMs / 4, 1_000), maxRetryMs);
}
