/** `cancel`, `suspend` and `resume`. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CliHarness, succeeded } from "../testing/command.ts";

let bench: CliHarness;
beforeEach(async () => {
  bench = await new CliHarness().open();
});
afterEach(() => bench.close());

describe("cancel, suspend, resume", () => {
  it("change what may be changed", async () => {
    bench.put("one", {}, { phase: "Running", admittedTime: "2026-11-23T00:00:01Z" });
    bench.put("two", {}, { phase: "Queued" });
    expect((await bench.runInProcess(["cancel", "one", "--reason", "too dear"])).stdout).toBe(
      "one is being cancelled\n",
    );
    expect(bench.api.get("clauderuns", "one")).toMatchObject({ spec: { cancel: true, cancelReason: "too dear" } });
    expect((await bench.runInProcess(["suspend", "two"])).stdout).toBe("two suspended\n");
    expect(bench.api.get("clauderuns", "two")).toMatchObject({ spec: { suspend: true } });
    expect((await bench.runInProcess(["resume", "two"])).stdout).toBe("two resumed\n");
    expect(bench.api.get("clauderuns", "two")).toMatchObject({ spec: { suspend: false } });
  });

  it.each([
    ["cancel", "done has already finished (Completed): there is nothing to cancel"],
    ["suspend", "done has already finished (Completed): there is nothing to suspend"],
    ["resume", "done has already finished (Completed)"],
  ])("%s says that a run has ended", async (verb, line) => {
    bench.put("done", {}, { phase: "Succeeded", conditions: [succeeded("True", "Completed")] });
    expect(await bench.runInProcess([verb, "done"])).toMatchObject({ code: 1, stderr: `error: ${line}\n` });
  });

  it("of several the others go on", async () => {
    bench.put("two", {}, { phase: "Queued" });
    expect(await bench.runInProcess(["cancel", "nope", "two"])).toMatchObject({
      code: 1,
      stdout: "two is being cancelled\n",
    });
  });
});
