/** concurrencyPolicy Replace: which run replaces which others. */
import { isFinished } from "../../crds/finished.ts";
import { holdsSlot, type Run, type Stop } from "../domain.ts";

/** The waiting run that replaces the agent's other runs: the newest with this policy. Empty if there is none. */
export function replacers(runs: readonly Run[]): readonly Run[] {
  const waiting = runs.filter(
    (run) =>
      run.spec.concurrencyPolicy === "Replace" &&
      !isFinished(run) &&
      !holdsSlot(run) &&
      !run.spec.suspend &&
      !run.spec.cancel &&
      !run.isDeleting,
  );
  const newest = firstBy(waiting, (a, b) => isOlder(b, a));
  return newest === undefined ? [] : [newest];
}

/** Returns the first run by an order. */
export function firstBy(runs: readonly Run[], isBefore: (a: Run, b: Run) => boolean): Run | undefined {
  let first: Run | undefined;
  for (const run of runs) if (first === undefined || isBefore(run, first)) first = run;
  return first;
}

/**
 * The run of `among` that replaces this run, because it is newer. Creation times have seconds only: the holder counts
 * as older than a waiting run of the same second, and among waiting runs the name decides.
 */
export function replacedBy(run: Run, among: readonly Run[]): Run | undefined {
  if (holdsSlot(run)) return among.find((each) => each.createdMs >= run.createdMs);
  return among.find((each) => isOlder(run, each));
}

/** The stop of a replaced run. */
export function replacedStop(by: Run): Stop {
  return { reason: "Replaced", message: `Run ${by.name} with concurrencyPolicy Replace took its place.` };
}

/** True if a was created before b; in the same second the name decides. */
export function isOlder(a: Run, b: Run): boolean {
  return a.createdMs < b.createdMs || (a.createdMs === b.createdMs && a.name < b.name);
}
