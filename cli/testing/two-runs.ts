/** Runs that several tests list. */
import { succeeded, type CliHarness } from "./command.ts";

/** Stores a run that succeeded, with its cost, and one that failed, without. */
export function putTwoRuns(bench: CliHarness): void {
  bench.put(
    "nightly-1",
    {},
    { phase: "Succeeded", conditions: [succeeded("True", "Completed")], result: { costUSD: "0.4181", turns: 12 } },
  );
  bench.put("nightly-2", {}, { phase: "Failed", conditions: [succeeded("False", "Evicted")] });
}
