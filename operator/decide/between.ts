/**
 * The rules of a run between two attempts: its earlier pod is confirmed over and recorded, the agent's slot is still its
 * own. It asks for the slot as the first attempt did, but nobody overtakes it, and neither queue nor suspension stop it.
 */
import { isBetweenAttempts } from "../domain.ts";
import { retryDeadlineMs } from "./attempts.ts";
import type { Case, Rule, Verdict } from "./decision.ts";
import { condition } from "./conditions.ts";
import { failure } from "./outcome.ts";
import { refusalOf } from "./refusal.ts";
import {
  askForSlot,
  endCancelled,
  endClientLost,
  endReplaced,
  endWaiting,
  leaveDeleted,
  makeJob,
  readopt,
  remakeJob,
} from "./waiting.ts";

/** In the order of their precedence; the last one always applies to such a run, and to no other. */
export const betweenRules: readonly Rule[] = [
  ["between attempts a run that is being deleted makes nothing new", between(leaveDeleted)],
  ["a run whose next pod was let go is not between attempts, whatever its status says", between(readopt)],
  ["between attempts a run that is cancelled ends", between(endCancelled)],
  ["between attempts a run whose client is lost ends", between(endClientLost)],
  ["between attempts a run that was replaced ends", between(endReplaced)],
  ["the next attempt must come in time", between(failUnmade)],
  ["the next attempt's Job is made", between(makeJob)],
  ["the next attempt's dead Job is made again", between(remakeJob)],
  ["the next attempt's pod asks for the slot", between(askForSlot)],
  ["the next attempt's pod is awaited", between(awaitNext)],
];

function between(rule: Rule[1]): Rule[1] {
  return (one) => (isBetweenAttempts(one.run) ? rule(one) : undefined);
}

function failUnmade(one: Case): Verdict | undefined {
  const { run, observed } = one;
  if (observed.nowMs < retryDeadlineMs(run)) return undefined;
  const refusal = refusalOf(run);
  if (refusal !== undefined) return endWaiting(one, failure(refusal.reason, refusal.message));
  return endWaiting(one, failure("StartDeadlineExceeded", condition(run.status.conditions, "Succeeded")?.message));
}

/** It already says that it is retried; what holds it up for longer than a moment is quoted from the Job's Events. */
function awaitNext({ run, job }: Case): Verdict {
  const wakeAtMs = retryDeadlineMs(run);
  if (job === undefined) return { decisions: [], wakeAtMs };
  return { decisions: [{ do: "record", run, status: run.status, soft: true, about: job }], wakeAtMs };
}
