import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { init, OperatedRun } from "../client/testing/operated-run.ts";
import { KubeletLog } from "../client/testing/kubelet-log.ts";
import { eventually } from "../test/eventually.ts";
import { sumUSD } from "../client/money.ts";
import { streamRows } from "./render/stream-rows.ts";
import { CliHarness, succeeded } from "./testing/command.ts";

let bench: CliHarness;
beforeEach(async () => {
  bench = await new CliHarness().open();
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
    const { code, stdout, stderr } = await bench.runInProcess(["logs", "one"]);
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
    const { stdout } = await bench.runInProcess(["logs", "one", "--full"]);
    expect(stdout).toContain("      pwd\n  ← 1\n    2\n    3\n    4\n    5\n");
  });

  it("has claude's JSON with --raw, byte for byte, and none of the runner's", async () => {
    const { log } = finishedRun();
    const { stdout } = await bench.runInProcess(["logs", "one", "--raw"]);
    const lines = log.lines.map(String).filter((line) => !line.startsWith('{"type":"runner"'));
    expect(stdout).toBe(lines.join(""));
  });

  it("is whole though the stream is reset again and again", async () => {
    const { log, kubelet } = finishedRun();
    kubelet.faults.push(
      { kind: "reset", afterBytes: 200 },
      { kind: "reject", code: 500 },
      { kind: "end", afterBytes: 450 },
    );
    const { code, stdout } = await bench.runInProcess(["logs", "one", "--raw"]);
    expect(code).toBe(0);
    const lines = log.lines.map(String).filter((line) => !line.startsWith('{"type":"runner"'));
    expect(stdout).toBe(lines.join(""));
  });

  it("shows no control characters of an agent's", () => {
    const event = { type: "assistant", message: { content: [{ type: "text", text: "a\u001b[2Jb\u0007c\u202ed" }] } };
    expect(streamRows(JSON.stringify(event), { isFull: false, width: 80 })).toEqual([{ style: "reset", text: "abcd" }]);
  });

  it("says what the status still knows of a log that is gone", async () => {
    finishedRun();
    bench.api.logs.clear();
    bench.api.status("one", { log: { lines: 9, bytes: 100 } });
    const { code, stderr } = await bench.run(["logs", "one"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        "error: the log of one (9 lines) was deleted with its pod one-1; the status still has the result: kubectl claude why one\n",
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
    expect((await bench.runInProcess(["logs", "one"])).stderr).toContain(
      "attempt 2, the newest; for earlier ones use --attempt 1 to 1\n",
    );
    expect((await bench.runInProcess(["logs", "one", "--attempt", "2"])).stdout).toContain("I look.");
    expect(await bench.runInProcess(["logs", "one", "--attempt", "1"])).toMatchObject({
      code: 1,
      stderr: "error: the log of one's attempt 1 was deleted with its pod; still available: attempt 2\n",
    });
    expect((await bench.runInProcess(["logs", "one", "--attempt", "3"])).stderr).toContain("attempt 3 does not exist");
    expect(await bench.runInProcess(["logs", "one", "--attempt", "x"])).toMatchObject({ code: 2 });
  });

  const unscheduled = "0/1 nodes are available.";
  const states: readonly [what: string, status: object | undefined, spec: object, line: string][] = [
    [
      "no operator has looked at",
      undefined,
      {},
      "no operator has processed one yet; to check the operator: kubectl claude doctor",
    ],
    [
      "is queued",
      { phase: "Queued", conditions: [succeeded("Unknown", "AgentBusy", "Run two comes first.")] },
      {},
      "one is Queued (AgentBusy: Run two comes first.), it has no log yet; to wait for it: kubectl claude logs -f one",
    ],
    [
      "is suspended",
      { phase: "Queued", conditions: [succeeded("Unknown", "Suspended")] },
      { suspend: true },
      "one is Queued (Suspended), it has no log yet; to admit it: kubectl claude resume one",
    ],
    [
      "has a pod without a node",
      {
        phase: "Pending",
        pod: { name: "one-1", uid: "p" },
        conditions: [succeeded("Unknown", "Unschedulable", unscheduled)],
      },
      {},
      `one is Pending (Unschedulable: ${unscheduled}), it has no log yet; to wait for it: kubectl claude logs -f one`,
    ],
    [
      "is tried again",
      {
        phase: "Pending",
        attempt: 2,
        startTime: "2026-11-23T00:00:00Z",
        conditions: [succeeded("Unknown", "Retrying", "Attempt 1 of 2 ended.")],
      },
      {},
      "one is Pending (Retrying: Attempt 1 of 2 ended.), it has no log yet; to wait for it: kubectl claude logs -f one; for its earlier attempt: kubectl claude logs --attempt 1 one",
    ],
    [
      "runs and has not written",
      {
        phase: "Running",
        startTime: "2026-11-23T00:00:00Z",
        pod: { name: "one-1", uid: "p" },
        conditions: [succeeded("Unknown", "Running", "The container runs.")],
      },
      {},
      "one is Running (Running: The container runs.), its log is empty; to wait for it: kubectl claude logs -f one",
    ],
    [
      "ended before its container started",
      { phase: "Failed", pod: { name: "gone", uid: "p" }, conditions: [succeeded("False", "ImagePullFailed")] },
      {},
      "one finished (ImagePullFailed) before its container started, so it has no log; for details: kubectl claude why one",
    ],
  ];
  it.each(states)("says of a run that %s why there is no log", async (_, status, spec, line) => {
    bench.put("one", spec, status);
    // A pod without a node has a log that is empty.
    bench.api.logs.set("one-1", new KubeletLog());
    bench.api.logs.get("one-1")?.finish();
    expect(await bench.run(["logs", "one"])).toEqual({ code: 1, stdout: "", stderr: `error: ${line}\n` });
  });

  it("follows a run that no operator has looked at with a word on that, and one that is suspended", async () => {
    bench.put("one");
    bench.put("two", { suspend: true }, { phase: "Queued", conditions: [succeeded("Unknown", "Suspended")] });
    const started = ["one", "two"].map((name) => bench.start(["logs", "-f", name]));
    const said = (): string => started.map(({ printed }) => printed.stderr).join("");
    await eventually(said, () => said().split("\n").length > 2, 60_000);
    for (const { child } of started) child.kill("SIGINT");
    const [one, two] = await Promise.all(started.map(({ ended }) => ended));
    expect(one?.stderr).toContain("no operator has processed one yet; to check the operator: kubectl claude doctor\n");
    expect(two?.stderr).toContain("two is suspended; to admit it: kubectl claude resume two\n");
    expect(one?.code).toBe(130);
  });
});

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

describe("release", () => {
  const held = {
    labels: { "app.kubernetes.io/managed-by": "clauderun-operator" },
    finalizers: ["paperclip.io/record-result"],
  };

  it("fails while an operator is running", async () => {
    bench.api.put("leases", {
      metadata: { name: "claude-run", namespace: "claude-run-system" },
      spec: { renewTime: new Date().toISOString(), holderIdentity: "op-1" },
    });
    bench.api.put("pods", { metadata: { name: "p", ...held } });
    const { code, stderr } = await bench.runInProcess(["release", "-A"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: Operator op-1 is the leader\. It records the results .* with --force the results are lost\n$/,
    );
    expect(bench.api.count("patch pods")).toBe(0);
  });

  it("fails if the Lease does not exist: the operator's may have another name", async () => {
    bench.api.put("pods", { metadata: { name: "p", ...held } });
    const { code, stderr } = await bench.run(["release", "-A"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /Lease claude-run-system\/claude-run does not exist.* Set --operator-lease .*; --force releases/,
    );
    expect(bench.api.count("patch pods")).toBe(0);
  });

  it("with --force releases each pod by its uid, and skips one whose name is another pod's by now", async () => {
    const { metadata } = bench.api.put("pods", { metadata: { name: "p", ...held } });
    bench.api.put("pods", { metadata: { name: "other", ...held } });
    bench.api.fault = ({ verb, path }) =>
      verb === "patch pods" && path.endsWith("/other") ? { kind: "reject", code: 409 } : undefined;
    expect(await bench.run(["release", "-A", "--force"])).toMatchObject({
      code: 0,
      stdout: "pod agents/p released\n",
    });
    expect(bench.api.requests.find(({ verb, path }) => verb === "patch pods" && path.endsWith("/p"))?.body).toEqual({
      metadata: { uid: metadata["uid"], "$deleteFromPrimitiveList/finalizers": ["paperclip.io/record-result"] },
    });
  });

  it("names what it would release", async () => {
    bench.api.put("pods", { metadata: { name: "p", ...held } });
    bench.api.put("pods", { metadata: { name: "free", labels: held.labels } });
    expect((await bench.runInProcess(["release", "-A", "--dry-run"])).stdout).toBe("pod agents/p would be released\n");
  });
});

describe("doctor", () => {
  it("names what is missing and what to do, and ends with 1", async () => {
    bench.api.denied.add("create clauderuns");
    const { code, stdout } = await bench.runInProcess(["doctor"]);
    expect(code).toBe(1);
    expect(stdout).toContain("✓ ClaudeRun is served as paperclip.io/v1alpha1.\n");
    expect(stdout).toContain("! Lease claude-run-system/claude-run does not exist");
    expect(stdout).toContain(
      "✗ Not allowed to create clauderuns in namespace agents.\n  → Ask an administrator to bind the ClusterRole edit",
    );
  });

  /** An operator that renews its Lease, with two replicas. */
  function operator(facts: { isReady: boolean; isBound: boolean }): void {
    const { isReady, isBound } = facts;
    const spec = { renewTime: new Date().toISOString(), holderIdentity: "claude-run-1" };
    bench.api.put("leases", { metadata: { name: "claude-run", namespace: "claude-run-system" }, spec });
    for (const n of [1, 2]) {
      const labels = { "app.kubernetes.io/component": "operator" };
      const conditions = [{ type: "Ready", status: isReady ? "True" : "False" }];
      const pod = { spec: { serviceAccountName: "claude-run" }, status: { conditions } };
      bench.api.put("pods", { metadata: { name: `claude-run-${n}`, namespace: "claude-run-system", labels }, ...pod });
    }
    const subjects = [{ kind: "ServiceAccount", name: "claude-run", namespace: "claude-run-system" }];
    bench.api.put("rolebindings", {
      metadata: { name: "claude-run-lease" },
      roleRef: { name: "claude-run-lease" },
      subjects,
    });
    bench.api.put("clusterrolebindings", {
      metadata: { name: "system:service-account-issuer-discovery" },
      roleRef: { name: "system:service-account-issuer-discovery" },
      subjects: [{ kind: "Group", name: "system:serviceaccounts" }],
    });
    if (!isBound) return;
    bench.api.put("clusterrolebindings", {
      metadata: { name: "claude-run" },
      roleRef: { name: "claude-run" },
      subjects,
    });
  }

  it("says that an operator leads, is ready, has its rights and looks at the runs", async () => {
    operator({ isReady: true, isBound: true });
    bench.put("seen", {}, { phase: "Queued" });
    const { code, stdout } = await bench.run(["doctor"]);
    expect(stdout).not.toMatch(/^[!✗]/m);
    expect(stdout).toContain("✓ All 2 pods of the operator are ready.\n");
    expect(stdout).toContain("✓ ClusterRoleBinding claude-run names the operator's ServiceAccount");
    expect(stdout).toContain("✓ All ClaudeRuns in namespace agents older than 30 s have a status.\n");
    expect(code).toBe(0);
  });

  it("tells an operator that leads without its rights", async () => {
    operator({ isReady: false, isBound: false });
    bench.put("unseen");
    const { code, stdout } = await bench.run(["doctor"]);
    const text = stdout.replace(/\n {2}(?!→)/g, " ");
    expect(text).toContain("✓ Operator claude-run-1 is the leader.");
    expect(text).toContain("✗ 2 of 2 pods of the operator are not ready, such as claude-run-1.");
    expect(text).toContain("✗ No ClusterRoleBinding, and no RoleBinding in namespace agents, names the operator's");
    expect(text).toContain("→ Run helm upgrade");
    expect(text).toContain("✗ 1 ClaudeRuns in namespace agents have no status; unseen was created");
    expect(code).toBe(1);
  });

  it("says unknown where the user may not look", async () => {
    operator({ isReady: true, isBound: true });
    bench.api.fault = ({ verb }) =>
      ["list pods", "list clusterrolebindings"].includes(verb) ? { kind: "reject", code: 403 } : undefined;
    const { code, stdout } = await bench.run(["doctor"]);
    const text = stdout.replace(/\n {2}(?!→)/g, " ");
    expect(text).toContain("! Cannot check whether the operator's pods are ready:");
    expect(text).toContain("! Cannot check the operator's role bindings:");
    expect(code).toBe(0);
  });
});

describe("words to complete", () => {
  it.each([
    [["lo"], ["logs\tprint the log of a run", ":4"]],
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
    expect((await bench.runInProcess(["__complete", ...typed])).stdout.trimEnd().split("\n")).toEqual(words);
  });

  it("is silent where there is no cluster", async () => {
    await bench.api.close();
    expect(await bench.runInProcess(["__complete", "logs", ""])).toEqual({ code: 0, stdout: ":4\n", stderr: "" });
    await bench.api.listen();
  });
});

describe("inspect", () => {
  it("is the runner's", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "inspect-")), "log");
    writeFileSync(file, "");
    const { code, stdout } = await bench.runInProcess(["inspect", file, "--exit-code", "3"]);
    expect({ code, found: JSON.parse(stdout) as object }).toMatchObject({
      code: 0,
      found: { reason: "ClaudeStartFailed" },
    });
    expect(await bench.runInProcess(["inspect", "--bogus"])).toMatchObject({ code: 2 });
    expect(await bench.runInProcess(["inspect", "/nowhere"])).toMatchObject({ code: 1 });
  });
});
