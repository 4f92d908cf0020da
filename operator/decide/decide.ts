/**
 * Observed → decisions; pure. An agent's runs contend for one slot, so they are decided together. Each unfinished run
 * is matched with one table of named rules in order of precedence: the first rule that applies decides.
 */
import { holdsSlot, type Observed, type Run } from "../domain.ts";
import { admittedRules } from "./admitted.ts";
import { betweenAttemptsRules } from "./between-attempts.ts";
import type { RunContext, Decided, Decision, Decisions, Rule, RuleResult } from "./decision.ts";
import { earliest } from "./earliest.ts";
import { queueOf } from "./queue-snapshot.ts";
import { AttemptObjects } from "./attempt-objects.ts";
import { collectGarbage } from "./garbage-collection.ts";
import { promptPositions, waitingRules } from "./waiting.ts";

/** The rules of admitted runs come first: a run that holds the slot is never treated as a waiting one. */
const rules: readonly Rule[] = [...admittedRules, ...betweenAttemptsRules, ...waitingRules];

/** The decisions about the first runs of the queue are executed first. */
const firstPositions = 5;
/** Maximum number of other runs that one reconcile acts on; the next reconcile continues. */
const maxOthers = 200;
const nextReconcileMs = 250;

/** Returns the decisions about all runs of one agent. */
export function decide(observed: Observed): Decisions {
  const { unfinished, queue, ...snapshot } = queueOf(observed.runs);
  const positions = new Map(queue.map((run, index) => [run, index + 1]));
  const objects = new AttemptObjects(observed);
  const isFirst = (run: Run): boolean =>
    holdsSlot(run) || run === snapshot.candidate || (positions.get(run) ?? Infinity) <= firstPositions;
  // The rate limit bounds the writes of these runs, so they are not counted.
  const isRateLimited = (run: Run): boolean =>
    run.status.phase === "Queued" && (positions.get(run) ?? Infinity) <= promptPositions;
  const first: (readonly Decision[])[] = [];
  const groups: (readonly Decision[])[] = [];
  const decided: Decided[] = [];
  const requeues: (number | undefined)[] = [];
  let others = 0;
  for (const run of unfinished) {
    const isOther = !isFirst(run) && !isRateLimited(run);
    if (isOther && others >= maxOthers) continue;
    const ctx = { ...objects.of(run), ...snapshot, observed, run, position: positions.get(run) };
    const { decisions, requeueAtMs, rule } = applyRules(ctx);
    requeues.push(requeueAtMs);
    if (decisions.length === 0) continue;
    decided.push({ run: run.name, rule });
    if (isOther) others += 1;
    groups.push(decisions);
    if (isFirst(run)) first.push(decisions);
  }
  const isMore = others >= maxOthers;
  if (isMore) requeues.push(observed.nowMs + nextReconcileMs);
  const garbage = collectGarbage(observed);
  const requeueAtMs = earliest([...requeues, garbage.requeueAtMs]);
  return {
    decided,
    groups: [...(isMore ? new Set([...first, ...groups]) : groups), ...garbage.decisions.map((each) => [each])],
    ...(requeueAtMs === undefined ? {} : { requeueAtMs }),
  };
}

/** The result of the first rule that applies, with the rule's name. */
function applyRules(ctx: RunContext): RuleResult & Pick<Decided, "rule"> {
  for (const [rule, apply] of rules) {
    const result = apply(ctx);
    if (result !== undefined) return { ...result, rule };
  }
  return { decisions: [], rule: "none" };
}
