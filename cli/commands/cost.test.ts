/** `cost`: sums by agent, day or model. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CliHarness } from "../testing/command.ts";

let bench: CliHarness;
beforeEach(async () => {
  bench = await new CliHarness().open();
});
afterEach(() => bench.close());

describe("cost", () => {
  const spent = (agent: string, day: string, costUSD?: string): void => {
    const result =
      costUSD === undefined ? {} : { result: { costUSD, models: [{ model: `model-of-${agent}`, costUSD }] } };
    bench.put(
      `${agent}-${day}-${costUSD ?? "x"}`,
      { agent },
      { phase: "Succeeded", completionTime: `2026-11-${day}T10:00:00Z`, ...result },
    );
  };

  it("adds exactly, and shows an unknown cost as unknown, never 0", async () => {
    spent("a", "20", "0.1");
    spent("a", "21", "0.2");
    spent("b", "21");
    bench.put("at-work", { agent: "a" }, { phase: "Running", result: { costUSD: "99" } });
    const { stdout, stderr } = await bench.runInProcess(["cost"]);
    expect(stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["AGENT", "RUNS", "COST", "UNKNOWN"],
      ["a", "2", "0.3", "0"],
      ["b", "1", "unknown", "1"],
      ["total", "3", "0.3", "1"],
      [""],
    ]);
    expect(stderr).toContain("cost of 1 run is unknown or partial");
  });

  it.each([
    ["day", ["2026-11-21", "2026-11-20"]],
    ["model", ["model-of-a", "unknown"]],
  ])("by %s", async (by, groups) => {
    spent("a", "20", "0.1");
    spent("b", "21");
    const { stdout } = await bench.runInProcess(["cost", "--by", by, "-o", "json"]);
    expect((JSON.parse(stdout) as { rows: { group: string }[] }).rows.map(({ group }) => group)).toEqual(groups);
  });
});
