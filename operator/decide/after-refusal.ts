/** What becomes of a run whose Job or pod the API server does not take. */
import type { Run } from "../domain.ts";
import type { Decision } from "./decision.ts";
import { finished } from "./ended-status.ts";
import { failure } from "./outcome.ts";
import type { Refusal } from "./refusal.ts";
import { refused } from "./status.ts";

/** It is asked for again at least so often. */
const maxRetryMs = 30_000;

/** Its end, or the wait for what may pass: that is told once it has lasted. */
export function afterRefusal(run: Run, refusal: Refusal, nowMs: number): Extract<Decision, { do: "record" }> {
  return refusal.isFinal
    ? { do: "record", run, status: finished(run, failure(refusal.reason, refusal.message), nowMs), soft: false }
    : { do: "record", run, status: refused(run, refusal, nowMs), soft: true };
}

/** The longer it lasts the more seldom it is asked for, whatever other runs of the agent met before. */
export function retryDelayMs(lastedMs: number): number {
  return Math.min(Math.max(lastedMs / 4, 1_000), maxRetryMs);
}
