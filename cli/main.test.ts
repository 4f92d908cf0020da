/** The end of the process. */
import { once } from "node:events";
import { afterEach, beforeEach, expect, it } from "vitest";
import { CliHarness, succeeded } from "./testing/command.ts";

let bench: CliHarness;
beforeEach(async () => {
  bench = await new CliHarness().open();
});
afterEach(() => bench.close());

it("a reader that leaves a pipe ends it quietly", async () => {
  for (let n = 0; n < 2_000; n++)
    bench.put(`run-${n}`, {}, { phase: "Failed", conditions: [succeeded("False", "Evicted")] });
  const { child, printed, ended } = bench.start(["list", "-o", "json"]);
  await once(child.stdout ?? child, "data");
  child.stdout?.destroy();
  const { code } = await ended;
  expect({ code, stderr: printed.stderr }).toEqual({ code: 141, stderr: "" });
});
