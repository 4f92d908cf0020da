import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { cellWidth } from "./terminal/cells.ts";
import { CliHarness, start, succeeded } from "./testing/command.ts";

let bench: CliHarness;
beforeAll(async () => {
  bench = await new CliHarness().open();
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
  it("shows a run in a row, and an unknown cost as unknown", async () => {
    twoRuns();
    const { code, stdout, stderr } = await bench.runInProcess(["list"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [head, first, second] = stdout.split("\n").map((line) => line.split(/ {2,}/));
    expect(head).toEqual(["NAME", "AGENT", "PHASE", "REASON", "ACTIVITY", "TURNS", "COST", "AGE"]);
    expect(first?.slice(0, 6)).toEqual(["nightly-1", "nightly", "Succeeded", "Completed", "12", "0.4181"]);
    expect(second?.slice(0, 5)).toEqual(["nightly-2", "nightly", "Failed", "Evicted", "unknown"]);
  });

  it("has kubectl's formats", async () => {
    twoRuns();
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
    twoRuns();
    expect((await bench.runInProcess(["list"])).stdout).not.toContain("\u001b");
    expect((await bench.runInProcess(["list", "--color=always"])).stdout).toContain("\u001b[32mSucceeded");
  });
});

describe("top in a pipe", () => {
  it("prints the agents once: who works, who waits, what was spent", async () => {
    twoRuns();
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

describe("an error is one line with an exit code and without a stack:", () => {
  const rows: readonly [what: string, args: readonly string[], code: number, line: string | RegExp][] = [
    ["an unknown verb", ["lst"], 2, "error: unknown command 'lst' (Did you mean one of list, ls?)"],
    ["a wrong format", ["list", "-o", "wide"], 2, /Allowed choices are json, yaml, name/],
    [
      "a context that is not there",
      ["list", "--context", "nope"],
      1,
      /^error: the kubeconfig \S+ has no context nope; available: test$/,
    ],
    [
      "a kubeconfig that is not there",
      ["list", "--kubeconfig", "/nowhere/config"],
      1,
      /the kubeconfig \/nowhere\/config cannot be read: no such file$/,
    ],
  ];
  it.each(rows)("%s", async (_, args, code, line) => {
    const ended = await bench.run(args);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr.trimEnd()).toMatch(line);
    expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  it("no kubeconfig", async () => {
    const { code, stderr } = await start(["list"]).ended;
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "error: no kubeconfig found: set KUBECONFIG or --kubeconfig\n",
    });
  });

  it("no rights", async () => {
    bench.api.fault = ({ verb }) => (verb === "list clauderuns" ? { kind: "reject", code: 403 } : undefined);
    const { code, stderr } = await bench.runInProcess(["list"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "error: rejected by the test: request that permission, or choose another namespace with -n\n",
    });
  });

  it.each([
    [
      "no ClaudeRuns at all",
      [],
      "this cluster does not serve ClaudeRuns (paperclip.io/v1alpha1): install the operator's Helm chart",
    ],
    [
      "ClaudeRuns of another version",
      ["v1beta1"],
      "this cluster serves paperclip.io/v1beta1, but this kubectl claude needs",
    ],
  ])("%s", async (_, served, line) => {
    const versions = served.map((version) => ({ version }));
    bench.api.fault = ({ path }) => {
      if (path === "/apis/paperclip.io") return { kind: "answer", body: JSON.stringify({ versions }) };
      return path.includes("v1alpha1") ? { kind: "reject", code: 404 } : undefined;
    };
    const { code, stderr } = await bench.runInProcess(["list"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`error: ${line}`);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  it("an API server that is gone", async () => {
    const gone = await new CliHarness().open();
    await gone.close();
    const { code, stderr } = await gone.run(["list"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: no answer from the API server at http:.*ECONNREFUSED.*: check that the cluster is up.*\n$/,
    );
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
    expect(cellWidth(text)).toBe(width);
  });
});
