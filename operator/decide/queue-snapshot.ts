/** The holder, the queue and the candidate of an agent, for decisions and for the active-run limit. */
import { isFinished } from "../../crds/finished.ts";
import { holdsSlot, type Run } from "../domain.ts";
import { byQueueOrder } from "./queue-order.ts";
import { firstBy, isOlder, replacedBy, replacers } from "./replace.ts";

export interface QueueSnapshot {
  readonly unfinished: readonly Run[];
  /** The waiting runs that may be admitted, in their order. */
  readonly queue: readonly Run[];
  /** The run that holds the agent's slot, if any. */
  readonly holder: Run | undefined;
  /** The run that may be admitted next, if any. */
  readonly candidate: Run | undefined;
  /** The oldest of the unfinished runs that are not suspended. */
  readonly oldest: Run | undefined;
  /** The newest waiting run with concurrencyPolicy Replace, if any. */
  readonly replacers: readonly Run[];
}

/** Returns the snapshot of an agent's runs. */
export function queueOf(runs: readonly Run[]): QueueSnapshot {
  const unfinished = runs.filter((run) => !isFinished(run));
  const queue = unfinished
    .filter((run) => !holdsSlot(run) && !run.isDeleting && !run.spec.suspend && !run.spec.cancel)
    .sort(byQueueOrder);
  const holder = unfinished.find(holdsSlot);
  const among = replacers(unfinished);
  const candidate = holder !== undefined ? undefined : queue.find((run) => replacedBy(run, among) === undefined);
  const oldest = firstBy(
    unfinished.filter((run) => !run.spec.suspend),
    isOlder,
  );
  return { unfinished, queue, holder, candidate, oldest, replacers: among };
}
