/** `logs`: the transcript of a run, and why there is none. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KubeletLog } from "../../client/testing/kubelet-log.ts";
import { init, OperatedRun } from "../../client/testing/operated-run.ts";
import { eventually } from "../../test/eventually.ts";
import { CliHarness, succeeded } from "../testing/command.ts";

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
