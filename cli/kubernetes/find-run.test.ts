/** Runs by their whole name or its beginning. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CliHarness } from "../testing/command.ts";

let bench: CliHarness;
beforeEach(async () => {
  bench = await new CliHarness().open();
});
afterEach(() => bench.close());

describe("a name", () => {
  it("may be the beginning of one", async () => {
    bench.put("nightly-abc");
    bench.put("other");
    expect((await bench.runInProcess(["why", "nigh"])).stdout).toContain("nightly-abc  not seen by an operator");
  });

  it("that is ambiguous names the candidates", async () => {
    bench.put("nightly-abc");
    bench.put("nightly-def");
    expect(await bench.runInProcess(["logs", "nightly"])).toMatchObject({
      code: 1,
      stderr: "error: nightly is ambiguous in namespace agents: nightly-abc, nightly-def\n",
    });
  });

  it("that matches no run lists the existing ones", async () => {
    bench.put("nightly-abc");
    expect((await bench.runInProcess(["why", "x"])).stderr).toBe(
      "error: run x not found in namespace agents; it has nightly-abc\n",
    );
  });
});
