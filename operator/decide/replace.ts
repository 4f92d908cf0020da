/** concurrencyPolicy Replace: which run takes whose place. */
import { holdsSlot, isFinished, type Run, type Stop } from "../domain.ts";

/** The runs of an agent that take others' places: few, as a rule none, so they are looked for once for all runs. */
export function replacers(runs: readonly Run[]): readonly Run[] {
  return runs.filter(
    (run) =>
      run.spec.concurrencyPolicy === "Replace" &&
      !isFinished(run) &&
      !holdsSlot(run) &&
      !run.spec.suspend &&
      !run.spec.cancel &&
      !run.deleting,
  );
}

/**
 * The one of them that came after this run: it takes this one's place. Creation is known to the second only: whoever
 * holds the slot was there before one that waits, among those that wait the name decides.
 */
export function replacedBy(run: Run, among: readonly Run[]): Run | undefined {
  if (holdsSlot(run)) return among.find((each) => each.createdMs >= run.createdMs);
  return among.find((each) => isOlder(run, each));
}

/** What the run that is replaced says. */
export function replacedStop(by: Run): Stop {
  return { reason: "Replaced", message: `Run ${by.name} with concurrencyPolicy Replace took its place.` };
}

/** True if a was created before b; of one age the name decides. */
export function isOlder(a: Run, b: Run): boolean {
  return a.createdMs < b.createdMs || (a.createdMs === b.createdMs && a.name < b.name);
}
