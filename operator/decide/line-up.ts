/** Who holds an agent's slot, who waits for it, who is next: one answer, for deciding and for the brake. */
import { holdsSlot, isFinished, type Run } from "../domain.ts";
import { byQueueOrder } from "./queue-order.ts";
import { replacedBy, replacers } from "./replace.ts";

export interface LineUp {
  readonly unfinished: readonly Run[];
  /** Those that wait and could be admitted, in their order. */
  readonly queue: readonly Run[];
  /** The run that holds the agent's slot, if any. */
  readonly holder: Run | undefined;
  /** The one that may be admitted next, if any. */
  readonly candidate: Run | undefined;
  /** Runs with concurrencyPolicy Replace that wait to take others' places. */
  readonly replacers: readonly Run[];
}

/** Lines up the runs of one agent. */
export function lineUp(runs: readonly Run[]): LineUp {
  const unfinished = runs.filter((run) => !isFinished(run));
  const queue = unfinished
    .filter((run) => !holdsSlot(run) && !run.deleting && !run.spec.suspend && !run.spec.cancel)
    .sort(byQueueOrder);
  const holder = unfinished.find(holdsSlot);
  const among = replacers(unfinished);
  const candidate = holder !== undefined ? undefined : queue.find((run) => replacedBy(run, among) === undefined);
  return { unfinished, queue, holder, candidate, replacers: among };
}
