import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { init, OperatedRun } from "../adapter/testing/operator.ts";
import { sumUSD } from "./money.ts";
import { rowsOf } from "./render/stream-lines.ts";
import { Bench, succeeded } from "./testing/command.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await new Bench().open();
});
afterEach(() => bench.close());

const tool = { type: "tool_use", id: "t", name: "Bash", input: { command: "ls\npwd" } };
const answer = { type: "tool_result", tool_use_id: "t", content: "1\n2\n3\n4\n5" };

function finishedRun(): OperatedRun {
  bench.put("one", {}, { phase: "Queued", conditions: [succeeded("Unknown", "Admitting")] });
  const run = new OperatedRun(bench.api, "one").running();
  run.writes(
    init,
    { type: "assistant", message: { content: [{ type: "text", text: "I look." }, tool] } },
    { type: "user", message: { content: [answer] } },
    { type: "result", subtype: "success", is_error: false, result: "Done.", num_turns: 2, duration_ms: 61_000 },
  );
  run.reports().finished("Succeeded", "Completed", "", { result: { turns: 2, costUSD: "0.10" } });
  return run;
}

describe("logs", () => {
  it("shows people what was said and done, folded", async () => {
    finishedRun();
    const { code, stdout, stderr } = await bench.claude(["logs", "one"]);
    expect({ code, lines: stdout.split("\n") }).toEqual({
      code: 0,
      lines: [
        "session s with claude-opus-5",
        "I look.",
        "  → Bash ls (+1 lines)",
        "  ← 1",
        "    2",
        "    3",
        "    … 2 more lines",
        "✓ done · 2 turns · 61s",
        "",
      ],
    });
    expect(stderr).toBe("one succeeded: 2 turns, $0.10, 60s\n");
  });

  it("folds nothing with --full", async () => {
    finishedRun();
    const { stdout } = await bench.claude(["logs", "one", "--full"]);
    expect(stdout).toContain("      pwd\n  ← 1\n    2\n    3\n    4\n    5\n");
  });

  it("has claude's JSON with --raw, byte for byte, and none of the runner's", async () => {
    const { log } = finishedRun();
    const { stdout } = await bench.claude(["logs", "one", "--raw"]);
    const lines = log.lines.map(String).filter((line) => !line.startsWith('{"type":"runner"'));
    expect(stdout).toBe(lines.join(""));
  });

  it("is whole though the stream is reset again and again", async () => {
    const { log, kubelet } = finishedRun();
    kubelet.faults.push(
      { kind: "reset", afterBytes: 200 },
      { kind: "refuse", code: 500 },
      { kind: "end", afterBytes: 450 },
    );
    const { code, stdout } = await bench.claude(["logs", "one", "--raw"]);
    expect(code).toBe(0);
    const lines = log.lines.map(String).filter((line) => !line.startsWith('{"type":"runner"'));
    expect(stdout).toBe(lines.join(""));
  });

  it("shows no control characters of an agent's", () => {
    const event = { type: "assistant", message: { content: [{ type: "text", text: "a\u001b[2Jb\u0007c\u202ed" }] } };
    expect(rowsOf(JSON.stringify(event), { isFull: false, width: 80 })).toEqual([{ style: "reset", text: "abcd" }]);
  });

  it("says what the status still knows of a log that is gone", async () => {
    finishedRun();
    bench.api.logs.clear();
    bench.api.status("one", { log: { lines: 9, bytes: 100 } });
    const { code, stderr } = await bench.claude(["logs", "one"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        "error: the log of one (9 lines) is gone: its pod one-1 was deleted; the status still knows its end: kubectl claude why one\n",
    });
  });

  it("says of a run of several attempts that it is, and reads the one that is named", async () => {
    finishedRun();
    bench.api.status("one", { attempt: 2 });
    const uid = bench.api.get("clauderuns", "one")?.metadata["uid"];
    const metadata = {
      labels: { "paperclip.io/run": "one" },
      annotations: { "paperclip.io/attempt": "2", "paperclip.io/run-uid": uid },
    };
    bench.api.put("pods", { metadata: { name: "one-1", ...metadata } });
    expect((await bench.claude(["logs", "one"])).stderr).toContain(
      "attempt 2, the newest; earlier ones: --attempt 1 to 1\n",
    );
    expect((await bench.claude(["logs", "one", "--attempt", "2"])).stdout).toContain("I look.");
    expect(await bench.claude(["logs", "one", "--attempt", "1"])).toMatchObject({
      code: 1,
      stderr: "error: the log of one's attempt 1 is gone with its pod; there is still attempt 2\n",
    });
    expect((await bench.claude(["logs", "one", "--attempt", "3"])).stderr).toContain("there is no attempt 3");
    expect(await bench.claude(["logs", "one", "--attempt", "x"])).toMatchObject({ code: 2 });
  });

  it("says that there is no log yet", async () => {
    bench.put("one", {}, { phase: "Queued", conditions: [succeeded("Unknown", "AgentBusy")] });
    expect((await bench.claude(["logs", "one"])).stderr).toBe(
      "error: one is Queued (AgentBusy) and has no log yet: kubectl claude logs -f one waits for it\n",
    );
  });
});

describe("a name", () => {
  it("may be the beginning of one", async () => {
    bench.put("nightly-abc");
    bench.put("other");
    expect((await bench.claude(["why", "nigh"])).stdout).toContain("nightly-abc  not seen by an operator");
  });

  it("that is ambiguous names the candidates", async () => {
    bench.put("nightly-abc");
    bench.put("nightly-def");
    expect(await bench.claude(["logs", "nightly"])).toMatchObject({
      code: 1,
      stderr: "error: nightly is ambiguous in namespace agents: nightly-abc, nightly-def\n",
    });
  });

  it("that is nobody's says who is there", async () => {
    bench.put("nightly-abc");
    expect((await bench.claude(["why", "x"])).stderr).toBe(
      "error: there is no run x in namespace agents: there are nightly-abc\n",
    );
  });
});

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

  it("adds exactly, and what nobody knows is absent, never 0", async () => {
    spent("a", "20", "0.1");
    spent("a", "21", "0.2");
    spent("b", "21");
    bench.put("at-work", { agent: "a" }, { phase: "Running", result: { costUSD: "99" } });
    const { stdout, stderr } = await bench.claude(["cost"]);
    expect(stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["AGENT", "RUNS", "COST", "UNKNOWN"],
      ["a", "2", "0.3", "0"],
      ["b", "1", "absent", "1"],
      ["total", "3", "0.3", "1"],
      [""],
    ]);
    expect(stderr).toContain("of 1 run the cost is not known");
  });

  it.each([
    ["day", ["2026-11-21", "2026-11-20"]],
    ["model", ["model-of-a", "absent"]],
  ])("by %s", async (by, groups) => {
    spent("a", "20", "0.1");
    spent("b", "21");
    const { stdout } = await bench.claude(["cost", "--by", by, "-o", "json"]);
    expect((JSON.parse(stdout) as { rows: { group: string }[] }).rows.map(({ group }) => group)).toEqual(groups);
  });

  it.each([
    [["0.1", "0.2"], "0.3"],
    [["999999999.00000000000000000001", "0.00000000000000000009"], "999999999.0000000000000000001"],
    [["1", "1"], "2"],
    [[], undefined],
  ])("%j is %s", (amounts, sum) => {
    expect(sumUSD(amounts)).toBe(sum);
  });
});

describe("cancel, suspend, resume", () => {
  it("change what may be changed", async () => {
    bench.put("one", {}, { phase: "Running", admittedTime: "2026-11-23T00:00:01Z" });
    bench.put("two", {}, { phase: "Queued" });
    expect((await bench.claude(["cancel", "one", "--reason", "too dear"])).stdout).toBe("one is being cancelled\n");
    expect(bench.api.get("clauderuns", "one")).toMatchObject({ spec: { cancel: true, cancelReason: "too dear" } });
    expect((await bench.claude(["suspend", "two"])).stdout).toBe("two suspended\n");
    expect(bench.api.get("clauderuns", "two")).toMatchObject({ spec: { suspend: true } });
    expect((await bench.claude(["resume", "two"])).stdout).toBe("two resumed\n");
    expect(bench.api.get("clauderuns", "two")).toMatchObject({ spec: { suspend: false } });
  });

  it.each([
    ["cancel", "done has ended already (Completed): there is nothing to cancel"],
    ["suspend", "done has ended already (Completed): there is nothing to suspend"],
    [
      "resume",
      "done has ended already (Completed); to go on in its session: kubectl claude run --agent nightly --resume-last",
    ],
  ])("%s says that a run has ended", async (verb, line) => {
    bench.put("done", {}, { phase: "Succeeded", conditions: [succeeded("True", "Completed")] });
    expect(await bench.claude([verb, "done"])).toMatchObject({ code: 1, stderr: `error: ${line}\n` });
  });

  it("of several the others go on", async () => {
    bench.put("two", {}, { phase: "Queued" });
    expect(await bench.claude(["cancel", "nope", "two"])).toMatchObject({
      code: 1,
      stdout: "two is being cancelled\n",
    });
  });
});

describe("release", () => {
  const held = {
    labels: { "app.kubernetes.io/managed-by": "clauderun-operator" },
    finalizers: ["paperclip.io/record-result"],
  };

  it("refuses while an operator is at work", async () => {
    bench.api.put("leases", {
      metadata: { name: "claude-run" },
      spec: { renewTime: new Date().toISOString(), holderIdentity: "op-1" },
    });
    bench.api.put("pods", { metadata: { name: "p", ...held } });
    const { code, stderr } = await bench.claude(["release", "-A"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: The operator op-1 leads\. It records the results .* --force gives the results up\n$/,
    );
    expect(bench.api.count("patch pods")).toBe(0);
  });

  it("names what it would release", async () => {
    bench.api.put("pods", { metadata: { name: "p", ...held } });
    bench.api.put("pods", { metadata: { name: "free", labels: held.labels } });
    expect((await bench.claude(["release", "-A", "--dry-run"])).stdout).toBe("pod agents/p would be released\n");
  });
});

describe("doctor", () => {
  it("names what is missing and what to do, and ends with 1", async () => {
    bench.api.denied.add("create clauderuns");
    const { code, stdout } = await bench.claude(["doctor"]);
    expect(code).toBe(1);
    expect(stdout).toContain("✓ ClaudeRun is served as paperclip.io/v1alpha1.\n");
    expect(stdout).toContain("! There is no Lease claude-run-system/claude-run");
    expect(stdout).toContain("✗ May not create clauderuns in agents.\n  → Have somebody bind the ClusterRole edit");
  });
});

describe("words to complete", () => {
  it.each([
    [["lo"], ["logs\twhat claude said and did", ":4"]],
    [
      ["logs", ""],
      ["at-work\tRunning", "done\tSucceeded", ":4"],
    ],
    [
      ["cancel", ""],
      ["at-work\tRunning", ":4"],
    ],
    [["cancel", "at-work", ""], [":4"]],
    [
      ["logs", "-n", "agents", "d"],
      ["done\tSucceeded", ":4"],
    ],
    [["run", "--prompt-file", ""], [":0"]],
    [
      ["cost", "--by", "d"],
      ["day", ":4"],
    ],
    [
      ["run", "--agent", ""],
      ["nightly", ":4"],
    ],
    [
      ["--context", ""],
      ["test", ":4"],
    ],
  ])("after %j: %j", async (typed, words) => {
    bench.put("at-work", {}, { phase: "Running" });
    bench.put("done", {}, { phase: "Succeeded" });
    expect((await bench.claude(["__complete", ...typed])).stdout.trimEnd().split("\n")).toEqual(words);
  });

  it("is silent where there is no cluster", async () => {
    await bench.api.close();
    expect(await bench.claude(["__complete", "logs", ""])).toEqual({ code: 0, stdout: ":4\n", stderr: "" });
    await bench.api.listen();
  });
});

describe("inspect", () => {
  it("is the runner's", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "inspect-")), "log");
    writeFileSync(file, "");
    const { code, stdout } = await bench.claude(["inspect", file, "--exit-code", "3"]);
    expect({ code, found: JSON.parse(stdout) as object }).toMatchObject({
      code: 0,
      found: { reason: "ClaudeStartFailed" },
    });
    expect(await bench.claude(["inspect", "--bogus"])).toMatchObject({ code: 2 });
    expect(await bench.claude(["inspect", "/nowhere"])).toMatchObject({ code: 1 });
  });
});
