import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { cells } from "./terminal/cells.ts";
import { Bench, start, succeeded } from "./testing/command.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await new Bench().open();
});
afterAll(() => bench.close());
beforeEach(() => {
  for (const { metadata } of bench.api.runs) bench.api.remove("clauderuns", metadata.name);
  bench.api.fault = () => undefined;
});

function twoRuns(): void {
  bench.put(
    "nightly-1",
    {},
    { phase: "Succeeded", conditions: [succeeded("True", "Completed")], result: { costUSD: "0.4181", turns: 12 } },
  );
  bench.put("nightly-2", {}, { phase: "Failed", conditions: [succeeded("False", "Evicted")] });
}

describe("list", () => {
  it("shows a run in a row, and a cost that nobody knows as absent", async () => {
    twoRuns();
    const { code, stdout, stderr } = await bench.claude(["list"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [head, first, second] = stdout.split("\n").map((line) => line.split(/ {2,}/));
    expect(head).toEqual(["NAME", "AGENT", "PHASE", "REASON", "DOES", "TURNS", "COST", "AGE"]);
    expect(first?.slice(0, 6)).toEqual(["nightly-1", "nightly", "Succeeded", "Completed", "12", "0.4181"]);
    expect(second?.slice(0, 5)).toEqual(["nightly-2", "nightly", "Failed", "Evicted", "absent"]);
  });

  it("has kubectl's formats", async () => {
    twoRuns();
    expect((await bench.claude(["list", "-o", "name"])).stdout).toBe(
      "clauderun.paperclip.io/nightly-1\nclauderun.paperclip.io/nightly-2\n",
    );
    const json = JSON.parse((await bench.claude(["list", "-o", "json"])).stdout) as { kind: string; items: object[] };
    expect(json).toMatchObject({ kind: "List", items: [{ kind: "ClaudeRun" }, { kind: "ClaudeRun" }] });
    expect((await bench.claude(["list", "-o", "yaml"])).stdout).toMatch(/^apiVersion: v1\nkind: List\nitems:\n/);
  });

  it("says that there are none, beside the output", async () => {
    expect(await bench.claude(["list"])).toEqual({ code: 0, stdout: "", stderr: "no runs in namespace agents\n" });
  });

  it("colours only where it is told to, or on a screen", async () => {
    twoRuns();
    expect((await bench.claude(["list"])).stdout).not.toContain("\u001b");
    expect((await bench.claude(["list", "--color=always"])).stdout).toContain("\u001b[32mSucceeded");
  });
});

describe("top in a pipe", () => {
  it("prints the agents once: who works, who waits, what was spent", async () => {
    twoRuns();
    bench.put("nightly-3", {}, { phase: "Running", progress: { activity: "Bash", turns: 3 } });
    bench.put("nightly-4", {}, { phase: "Queued", queuePosition: 1, conditions: [succeeded("Unknown", "AgentBusy")] });
    const { code, stdout } = await bench.claude(["top"]);
    expect(code).toBe(0);
    expect(stdout).not.toContain("\u001b");
    const [head, , titles, row, end] = stdout.split("\n");
    expect(head).toMatch(/^agents · 1 running, 0 starting, 1 queued · \d\d:\d\d:\d\d UTC$/);
    expect(titles?.split(/ {2,}/)).toEqual(["AGENT", "RUN", "PHASE", "DOES", "WAITING", "TURNS", "SPENT", "AGE"]);
    // Of one of its two finished runs the cost is not known.
    expect(row?.split(/ {2,}/).slice(0, 7)).toEqual(["nightly", "nightly-3", "Running", "Bash", "1", "3", "0.4181+"]);
    expect(end).toBe("");
  });
});

describe("what is wrong is one line, an exit code, and no stack:", () => {
  const rows: readonly [what: string, args: readonly string[], code: number, line: string | RegExp][] = [
    ["an unknown verb", ["lst"], 2, "error: unknown command 'lst' (Did you mean one of list, ls?)"],
    ["a wrong format", ["list", "-o", "wide"], 2, /Allowed choices are json, yaml, name/],
    ["a context that is not there", ["list", "--context", "nope"], 1, /it has no context nope; it has test$/],
    [
      "a kubeconfig that is not there",
      ["list", "--kubeconfig", "/nowhere/config"],
      1,
      /kubeconfig \/nowhere\/config can't be used: ENOENT/,
    ],
  ];
  it.each(rows)("%s", async (_, args, code, line) => {
    const ended = await bench.claude(args);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr.trimEnd()).toMatch(line);
    expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  it("no kubeconfig", async () => {
    const { code, stderr } = await start(["list"]).ended;
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "error: there is no kubeconfig: set KUBECONFIG, or name one with --kubeconfig\n",
    });
  });

  it("no rights", async () => {
    bench.api.fault = ({ verb }) => (verb === "list clauderuns" ? { kind: "refuse", code: 403 } : undefined);
    const { code, stderr } = await bench.claude(["list"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "error: refused by the test: ask for that right, or choose another -n\n",
    });
  });

  it.each([
    [
      "no ClaudeRuns at all",
      [],
      "this cluster has no ClaudeRuns (paperclip.io/v1alpha1): install the operator's Helm chart",
    ],
    [
      "ClaudeRuns of another version",
      ["v1beta1"],
      "this cluster serves paperclip.io/v1beta1, and this is a kubectl claude for",
    ],
  ])("%s", async (_, served, line) => {
    const versions = served.map((version) => ({ version }));
    bench.api.put("paperclip.io", { metadata: { name: "paperclip.io" }, versions });
    bench.api.fault = ({ path }) => (path.includes("v1alpha1") ? { kind: "refuse", code: 404 } : undefined);
    const { code, stderr } = await bench.claude(["list"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`error: ${line}`);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  it("an API server that is gone", async () => {
    const gone = await new Bench().open();
    await gone.close();
    const { code, stderr } = await gone.claude(["list"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: no answer from the API server at http:.*ECONNREFUSED.*: is the cluster up.*\n$/);
  });
});

describe("cells", () => {
  it.each([
    ["abc", 3],
    ["日本", 4],
    ["é", 1],
    ["👩‍👩‍👧", 2],
    ["한국어", 6],
    ["a\u200bb", 2],
  ])("%s takes %d", (text, width) => {
    expect(cells(text)).toBe(width);
  });
});
