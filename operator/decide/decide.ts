/**
 * Observed → decisions; pure. One agent's runs contend for one slot, so one look at all of them decides. Every run that
 * is not finished goes down one table of named rules, in the order of their precedence: the first that applies wins.
 */
import { hasEnded, isAdmitted, isFinished, type Observed, type Run } from "../domain.ts";
import { admittedRules } from "./admitted.ts";
import type { Case, Decisions, Rule, Verdict } from "./decision.ts";
import { byQueueOrder } from "./queue-order.ts";
import { replacedBy } from "./replace.ts";
import { sweep } from "./sweep.ts";
import { waitingRules } from "./waiting.ts";

/** Admitted runs first: what holds the slot is never treated as if it waited. */
const rules: readonly Rule[] = [...admittedRules, ...waitingRules];

/** Decides for one agent. */
export function decide(observed: Observed): Decisions {
  const unfinished = observed.runs.filter((run) => !isFinished(run));
  const waiting = unfinished.filter((run) => !isAdmitted(run) && !run.deleting).sort(byQueueOrder);
  const queue = waiting.filter((run) => !run.spec.suspend && !run.spec.cancel);
  const busy = unfinished.some(isAdmitted);
  const candidate = busy ? undefined : queue.find((run) => replacedBy(run, unfinished) === undefined);
  const verdicts = unfinished.map((run) => {
    const place = queue.indexOf(run);
    return judge(caseOf(observed, run, candidate, place < 0 ? undefined : place + 1));
  });
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

function caseOf(observed: Observed, run: Run, candidate: Run | undefined, position: number | undefined): Case {
  const attempt = run.status.attempt ?? 1;
  const job = observed.jobs.find((each) => each.runUid === run.uid && each.attempt === attempt);
  const admittedUid = run.status.pod?.uid;
  const mine = observed.pods.filter((pod) => pod.runUid === run.uid && pod.attempt === attempt);
  // Before admission: the pod that asks for the slot. A user's delete can leave a dying one beside its successor.
  const asking = mine.find((pod) => pod.gated && !hasEnded(pod)) ?? mine.find((pod) => !hasEnded(pod));
  const pod = admittedUid === undefined ? asking : observed.pods.find((each) => each.uid === admittedUid);
  return { observed, run, attempt, job, pod, candidate, position };
}
