/** `top` without a terminal. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CliHarness, succeeded } from "../testing/command.ts";
import { putTwoRuns } from "../testing/two-runs.ts";

let bench: CliHarness;
beforeAll(async () => {
  bench = await new CliHarness().open();
});
afterAll(() => bench.close());
beforeEach(() => {
  for (const { metadata } of bench.api.runs) bench.api.remove("clauderuns", metadata.name);
  bench.api.fault = () => undefined;
});

describe("top in a pipe", () => {
  it("prints the agents once: who works, who waits, what was spent", async () => {
    putTwoRuns(bench);
    bench.put("nightly-3", {}, { phase: "Running", progress: { activity: "Bash", turns: 3 } });
    bench.put("nightly-4", {}, { phase: "Queued", queuePosition: 1, conditions: [succeeded("Unknown", "AgentBusy")] });
    const { code, stdout } = await bench.runInProcess(["top"]);
    expect(code).toBe(0);
    expect(stdout).not.toContain("\u001b");
    const [head, , titles, row, end] = stdout.split("\n");
    expect(head).toMatch(/^agents · 1 running, 0 starting, 1 queued · \d\d:\d\d:\d\d UTC$/);
    expect(titles?.split(/ {2,}/)).toEqual(["AGENT", "RUN", "PHASE", "ACTIVITY", "WAITING", "TURNS", "SPENT", "AGE"]);
    // Of one of its two finished runs the cost is not known.
    expect(row?.split(/ {2,}/).slice(0, 7)).toEqual(["nightly", "nightly-3", "Running", "Bash", "1", "3", "0.4181+"]);
    expect(end).toBe("");
  });
});
