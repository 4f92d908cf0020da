/**
 * The rules of a run between two attempts. The end of its earlier pod is recorded, and the run still holds the agent's
 * slot. It is admitted like the first attempt, but no run overtakes it, and neither queue nor suspension stops it.
 */
import { isBetweenAttempts } from "../domain.ts";
import { retryDeadlineMs } from "./attempts.ts";
import type { RunContext, Rule, RuleResult } from "./decision.ts";
import { condition } from "./conditions.ts";
import { endWaiting } from "./end-waiting.ts";
import { failure } from "./outcome.ts";
import { overdueMs } from "./overdue.ts";
import { rejectionOf } from "./rejection.ts";
import { retrySuspendedJob, suspendedJob } from "./suspended-job.ts";
import {
  askForSlot,
  endCancelled,
  endClientLost,
  endReplaced,
  leaveDeleted,
  createJob,
  adopt,
  recreateJob,
} from "./waiting.ts";

/** In order of precedence. The last one applies to every run between two attempts, and none applies to other runs. */
export const betweenAttemptsRules: readonly Rule[] = [
  ["between attempts a run that is being deleted creates nothing", between(leaveDeleted)],
  ["a run whose next pod was ungated is not between attempts, whatever its status says", between(adopt)],
  ["between attempts a run that is cancelled ends", between(endCancelled)],
  ["between attempts a run whose client is lost ends", between(endClientLost)],
  ["between attempts a run that was replaced ends", between(endReplaced)],
  ["the next attempt must be admitted in time", between(failUnadmitted)],
  ["the next attempt whose Job is suspended waits for it", between(retrySuspendedJob)],
  ["the next attempt's Job is created", between(createJob)],
  ["the next attempt's dead Job is created again", between(recreateJob)],
  ["the next attempt's pod asks for the slot", between(askForSlot)],
  ["the next attempt waits for its pod", between(awaitNext)],
];

function between(rule: Rule[1]): Rule[1] {
  return (ctx) => (isBetweenAttempts(ctx.run) ? rule(ctx) : undefined);
}

function failUnadmitted(ctx: RunContext): RuleResult | undefined {
  const { run, observed } = ctx;
  if (observed.nowMs < overdueMs(retryDeadlineMs(run), observed)) return undefined;
  const suspended = suspendedJob(ctx);
  if (suspended !== undefined) return endWaiting(ctx, failure("JobSuspended", `Job ${suspended.name} was not resumed`));
  const rejection = rejectionOf(run);
  if (rejection !== undefined) return endWaiting(ctx, failure(rejection.reason, rejection.message));
  return endWaiting(ctx, failure("StartDeadlineExceeded", condition(run.status.conditions, "Succeeded")?.message));
}

/** Keeps the "Retrying" reason. If the wait lasts, the status quotes the Job's Events. */
function awaitNext({ run, job, observed }: RunContext): RuleResult {
  const requeueAtMs = overdueMs(retryDeadlineMs(run), observed);
  if (job === undefined) return { decisions: [], requeueAtMs };
  return {
    decisions: [{ do: "updateStatus", run, status: run.status, isDebounced: true, explainFrom: job }],
    requeueAtMs,
  };
}
