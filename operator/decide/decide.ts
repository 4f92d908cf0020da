/**
 * Observed → decisions; pure. One agent's runs contend for one slot, so one look at all of them decides. Every run that
 * is not finished goes down one table of named rules, in the order of their precedence: the first that applies wins.
 */
import { attemptOf, hasEnded, holdsSlot, isFinished, type Observed, type Run } from "../domain.ts";
import { admittedRules } from "./admitted.ts";
import { betweenRules } from "./between.ts";
import type { Case, Decisions, Rule, Verdict } from "./decision.ts";
import { byQueueOrder } from "./queue-order.ts";
import { replacedBy, replacers } from "./replace.ts";
import { sweep } from "./sweep.ts";
import { waitingRules } from "./waiting.ts";

/** Admitted runs first: what holds the slot is never treated as if it waited. */
const rules: readonly Rule[] = [...admittedRules, ...betweenRules, ...waitingRules];

/** Decides for one agent. */
export function decide(observed: Observed): Decisions {
  const unfinished = observed.runs.filter((run) => !isFinished(run));
  const waiting = unfinished.filter((run) => !holdsSlot(run) && !run.deleting).sort(byQueueOrder);
  const queue = waiting.filter((run) => !run.spec.suspend && !run.spec.cancel);
  const holder = unfinished.find(holdsSlot);
  const among = replacers(unfinished);
  const candidate = holder !== undefined ? undefined : queue.find((run) => replacedBy(run, among) === undefined);
  const places = new Map(queue.map((run, index) => [run, index + 1]));
  const verdicts = unfinished.map((run) =>
    judge({ ...made(observed, run), observed, run, holder, candidate, replacers: among, position: places.get(run) }),
  );
  const swept = sweep(observed);
  const wakes = [...verdicts, swept].map((each) => each.wakeAtMs).filter((at) => at !== undefined);
  return {
    groups: [...verdicts.map((each) => each.decisions), ...swept.decisions.map((each) => [each])],
    ...(wakes.length === 0 ? {} : { wakeAtMs: Math.min(...wakes) }),
  };
}

function judge(one: Case): Verdict {
  for (const [, rule] of rules) {
    const verdict = rule(one);
    if (verdict !== undefined) return verdict;
  }
  return { decisions: [] };
}

/** What was made for a run's attempt: its Job, and the pod that counts for it. */
function made(observed: Observed, run: Run): Pick<Case, "attempt" | "job" | "pod"> {
  const attempt = attemptOf(run);
  const job = observed.jobs.find((each) => each.runUid === run.uid && each.attempt === attempt);
  const admittedUid = run.status.pod?.uid;
  if (admittedUid !== undefined) return { attempt, job, pod: observed.pods.find((each) => each.uid === admittedUid) };
  const mine = observed.pods.filter((pod) => pod.runUid === run.uid && pod.attempt === attempt);
  const letGo = mine.find((pod) => pod.held);
  if (letGo !== undefined) return { attempt, job, pod: letGo };
  // The pod that asks for the slot. A user's delete can leave a dying one beside its successor.
  const alive = mine.filter((pod) => !hasEnded(pod));
  return { attempt, job, pod: alive.find((pod) => pod.gated) ?? alive[0] };
}
