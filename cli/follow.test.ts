/** `run --follow` and `run --wait`: what is printed until the end, and the exit code. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { init, operate, OperatedRun } from "../client/testing/operated-run.ts";
import { eventually } from "../test/eventually.ts";
import { CliHarness } from "./testing/command.ts";

let bench: CliHarness;
beforeEach(async () => {
  bench = await new CliHarness().open();
});
afterEach(() => bench.close());

const basic = ["run", "Work.", "--agent", "nightly", "--name", "one"];

describe("--follow and --wait", () => {
  const result = {
    type: "result",
    subtype: "success",
    is_error: false,
    result: "Done.",
    num_turns: 1,
    duration_ms: 3_000,
  };

  it("prints claude's output, states on stderr, and exits with 0", async () => {
    operate(bench.api, (run) => run.queued().succeeds());
    const { code, stdout, stderr } = await bench.run([...basic, "--follow"]);
    expect(stdout).toContain("session s with claude-opus-5");
    expect(stderr).toContain("one created\n");
    expect(stderr).toContain("one succeeded: cost unknown");
    expect(code).toBe(0);
  });

  it("prints the answer alone to stdout", async () => {
    operate(bench.api, (run) => run.succeeds("It is 4."));
    expect(await bench.run([...basic, "--wait"])).toMatchObject({ code: 0, stdout: "It is 4.\n" });
  });

  const codes: readonly [what: string, code: number, status: object][] = [
    ["claude's own exit code", 7, { startTime: "2026-11-23T00:00:00Z", result: { exitCode: 7 } }],
    ["a signal", 137, { startTime: "2026-11-23T00:00:00Z", result: { signal: "SIGKILL" } }],
    ["a failure that claude took for none", 1, { startTime: "2026-11-23T00:00:00Z", result: { exitCode: 0 } }],
    ["one that never started", 125, { failure: { reason: "ImagePullFailed", message: "no", retryable: false } }],
    [
      "a deadline",
      124,
      {
        startTime: "2026-11-23T00:00:00Z",
        result: { exitCode: 143 },
        failure: { reason: "DeadlineExceeded", message: "late", retryable: false },
      },
    ],
  ];
  it.each(codes)("ends with the code of %s: %d", async (_, code, status) => {
    operate(bench.api, (run) => run.finished("Failed", "ClaudeFailed", "It failed.", { ...status }));
    const ended = await bench.run([...basic, "--wait"]);
    expect(ended, ended.stderr).toMatchObject({ code });
    expect(ended.stderr).toContain("[kubectl claude why one]");
  });

  it("ends with 143 if the run was cancelled", async () => {
    operate(bench.api, (run) => run.finished("Cancelled", "Cancelled", "by a test"));
    expect(await bench.run([...basic, "--follow"])).toMatchObject({ code: 143 });
  });

  it("leaves by Ctrl-C, says how to go on and how to end it, and lets the run be", async () => {
    operate(bench.api, (run) => {
      run.running().writes(init, { type: "assistant", message: { content: [{ type: "text", text: "At it." }] } });
    });
    const { child, ended, printed } = bench.start([...basic, "--follow"]);
    await eventually("claude's words", () => printed.stdout.includes("At it."));
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toContain(
      "stopped following one; it continues\n  follow:  kubectl claude logs -f one\n  cancel:  kubectl claude cancel one\n",
    );
    expect(stderr).not.toContain("error");
    expect(bench.api.count("patch clauderuns")).toBe(0);
  });

  it("follows through resets into the next attempt", async () => {
    operate(bench.api, (first, run) => {
      first.kubelet.faults.push({ kind: "reset", afterBytes: 300 });
      first.running().writes(init, "first words");
      first.reports({ result: { incomplete: true } });
      const second = new OperatedRun(bench.api, run.metadata.name, 2);
      bench.api.status("one", { attempt: 2 });
      second.running().writes("second words", result);
      second.reports();
      second.finished("Succeeded", "Completed");
    });
    const { code, stdout, stderr } = await bench.run([...basic, "--follow"]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("second words");
    expect(stdout.match(/second words/g)).toHaveLength(1);
    expect(stdout).toContain("✓ done · 1 turn · 3s");
  });

  it("says it at once if logs may not be read", async () => {
    bench.api.fault = ({ verb }) => (verb === "get pods/log" ? { kind: "reject", code: 403 } : undefined);
    operate(bench.api, (run) => run.running());
    expect(await bench.run([...basic, "--follow"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("error: rejected by the test: request that permission") as string,
    });
  });

  it("says that the run was deleted", async () => {
    operate(bench.api, (run) => run.running().deleted());
    expect(await bench.run([...basic, "--wait"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("error: one was deleted before it had finished\n") as string,
    });
  });
});
