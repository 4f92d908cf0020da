/**
 * Observed → decisions; pure. One agent's runs contend for one slot, so one look at all of them decides. Every run that
 * is not finished goes down one table of named rules, in the order of their precedence: the first that applies wins.
 */
import { attemptOf, hasEnded, type Observed, type Run } from "../domain.ts";
import { admittedRules } from "./admitted.ts";
import { betweenRules } from "./between.ts";
import type { Case, Decisions, Rule, Verdict } from "./decision.ts";
import { lineUp } from "./line-up.ts";
import { sweep } from "./sweep.ts";
import { waitingRules } from "./waiting.ts";

/** Admitted runs first: what holds the slot is never treated as if it waited. */
const rules: readonly Rule[] = [...admittedRules, ...betweenRules, ...waitingRules];

/** Decides for one agent. */
export function decide(observed: Observed): Decisions {
  const { unfinished, queue, holder, candidate, replacers } = lineUp(observed.runs);
  const places = new Map(queue.map((run, index) => [run, index + 1]));
  const verdicts = unfinished.map((run) =>
    judge({ ...made(observed, run), observed, run, holder, candidate, replacers, position: places.get(run) }),
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
  const all = observed.pods.filter((pod) => pod.runUid === run.uid);
  const mine = all.filter((pod) => pod.attempt === attempt);
  // A finalizer on a gated pod is somebody else's doing; an attempt that was edited does not hide a pod that may run.
  const letGo = all.find((pod) => pod.held && !pod.gated && (pod.attempt === attempt || !hasEnded(pod)));
  if (letGo !== undefined) return { attempt, job, pod: letGo };
  // The pod that asks for the slot. A user's delete can leave a dying one beside its successor.
  const alive = mine.filter((pod) => !hasEnded(pod));
  return { attempt, job, pod: alive.find((pod) => pod.gated) ?? alive[0] };
}
