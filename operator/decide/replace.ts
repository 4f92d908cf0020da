/** concurrencyPolicy Replace: which run takes whose place. */
import { isAdmitted, isFinished, type Run, type Stop } from "../domain.ts";

/** The oldest unfinished, unsuspended Replace run that came after this one: it takes this one's place. */
export function replacedBy(run: Run, runs: readonly Run[]): Run | undefined {
  return runs.find(
    (each) =>
      !isFinished(each) &&
      each.spec.concurrencyPolicy === "Replace" &&
      !each.spec.suspend &&
      !each.spec.cancel &&
      !isAdmitted(each) &&
      !each.deleting &&
      isOlder(run, each),
  );
}

/** What the run that is replaced says. */
export function replacedStop(by: Run): Stop {
  return { reason: "Replaced", message: `Run ${by.name} with concurrencyPolicy Replace took its place.` };
}

/** True if a was created before b; of one age the name decides. */
export function isOlder(a: Run, b: Run): boolean {
  return a.createdMs < b.createdMs || (a.createdMs === b.createdMs && a.name < b.name);
}
