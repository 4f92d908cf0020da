/** `list`: runs in rows and in kubectl's formats. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CliHarness } from "../testing/command.ts";
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

describe("list", () => {
  it("shows a run in a row, and an unknown cost as unknown", async () => {
    putTwoRuns(bench);
    const { code, stdout, stderr } = await bench.runInProcess(["list"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [head, first, second] = stdout.split("\n").map((line) => line.split(/ {2,}/));
    expect(head).toEqual(["NAME", "AGENT", "PHASE", "REASON", "ACTIVITY", "TURNS", "COST", "AGE"]);
    expect(first?.slice(0, 6)).toEqual(["nightly-1", "nightly", "Succeeded", "Completed", "12", "0.4181"]);
    expect(second?.slice(0, 5)).toEqual(["nightly-2", "nightly", "Failed", "Evicted", "unknown"]);
  });

  it("has kubectl's formats", async () => {
    putTwoRuns(bench);
    expect((await bench.runInProcess(["list", "-o", "name"])).stdout).toBe(
      "clauderun.paperclip.io/nightly-1\nclauderun.paperclip.io/nightly-2\n",
    );
    const json = JSON.parse((await bench.runInProcess(["list", "-o", "json"])).stdout) as {
      kind: string;
      items: object[];
    };
    expect(json).toMatchObject({ kind: "List", items: [{ kind: "ClaudeRun" }, { kind: "ClaudeRun" }] });
    expect((await bench.runInProcess(["list", "-o", "yaml"])).stdout).toMatch(/^apiVersion: v1\nkind: List\nitems:\n/);
  });

  it("has no cell that a server could fill the screen with", async () => {
    bench.put("long", { agent: "a".repeat(1_000) });
    const { stdout } = await bench.runInProcess(["list"]);
    const [, row = ""] = stdout.split("\n");
    expect(row.split(/ {2,}/)[1]).toBe(`${"a".repeat(255)}…`);
  });

  it("prints a note on stderr if there are no runs", async () => {
    expect(await bench.runInProcess(["list"])).toEqual({
      code: 0,
      stdout: "",
      stderr: "no runs in namespace agents\n",
    });
  });

  it("colours only where it is told to, or on a screen", async () => {
    putTwoRuns(bench);
    expect((await bench.runInProcess(["list"])).stdout).not.toContain("\u001b");
    expect((await bench.runInProcess(["list", "--color=always"])).stdout).toContain("\u001b[32mSucceeded");
  });
});
