import { execFileSync } from "node:child_process";
import { constants, readFileSync } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../test/eventually.ts";
import type { RunReport } from "./contract.ts";
import type { Inspection } from "./inspect.ts";
import { buildRunner, runBuilt } from "./testing/process.ts";
import { removeRuns, runStub, startStub, type EndedRun, type StubOptions } from "./testing/stub.ts";

beforeAll(() => buildRunner(), 60_000);
afterAll(removeRuns);

function runToEnd(script: string, config: StubOptions["config"] = {}): Promise<EndedRun> {
  return runStub(script, { config });
}

function isAlive(pid: number): boolean {
  try {
    // Ignores zombies, which no longer run.
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

describe.concurrent("a signal to the runner", () => {
  test("reaches claude's whole group, and the exit code is claude's", async () => {
    const run = await startStub(`
      process.on("SIGTERM", () => process.exit(143));
      const child = spawn("/bin/sh", ["-c", "exec sleep 300"], { stdio: "ignore" });
      init(); emit({ type: "assistant", message: { id: "a" + child.pid, content: [] } }); hang();`);
    await eventually("claude has printed its child's id", () => run.output().includes('"id":"a'));
    const grandchild = Number(/"id":"a(\d+)"/u.exec(run.output().toString())?.[1]);
    run.signal("SIGTERM");
    const { code, report } = await run.ended;
    expect(code).toBe(143);
    expect(report).toMatchObject({ reason: "NoResult", stop: { cause: "Signal" }, result: { exitCode: 143 } });
    expect(report.progress?.turns).toBe(1);
    expect(isAlive(grandchild)).toBe(false);
  });

  test("is followed by KILL before the grace period ends, if claude ignores it", async () => {
    const run = await startStub(`process.on("SIGTERM", () => undefined); init(); hang();`, {
      config: { terminationGracePeriodSeconds: 0.4 },
    });
    await eventually("claude has begun", () => run.output().includes('"subtype":"init"'));
    run.signal("SIGTERM");
    // The message is written before the KILL, with the session and the cause of the stop.
    const message = (): string => readFileSync(join(run.directory, "termination-log"), "utf8");
    await eventually("the message names the signal", () => message().includes('"cause":"Signal"'));
    const before = JSON.parse(message()) as RunReport;
    expect(before).toMatchObject({ session: { id: "s-1" }, stop: { cause: "Signal" } });
    const { code, report } = await run.ended;
    expect(code).toBe(137);
    expect(report).toMatchObject({ complete: true, reason: "NoResult", result: { signal: "SIGKILL" } });
  });
});

describe.concurrent("watchdogs", () => {
  /** Output before the stop is kept; a slow machine may have none. */
  const saidInit = (run: EndedRun): boolean => run.stdout.includes('"subtype":"init"');

  test("activeDeadlineSeconds", async () => {
    const run = await runToEnd(`init(); hang();`, { activeDeadlineSeconds: 1 });
    expect(run.report).toMatchObject({ reason: "DeadlineExceeded", stop: { cause: "DeadlineExceeded" } });
    expect(run.report.session?.id).toBe(saidInit(run) ? "s-1" : undefined);
  });

  test("idleTimeoutSeconds after output", async () => {
    const run = await runToEnd(`init(); hang();`, { idleTimeoutSeconds: 1 });
    const { progress, stop } = run.report;
    // claude's only line may arrive after the timeout fired.
    const inTime = Date.parse(progress?.lastActivityTime ?? "") < Date.parse(stop?.time ?? "");
    const cause = inTime ? "IdleTimeout" : "NoOutput";
    expect(run.report).toMatchObject({ reason: cause, stop: { cause } });
  });

  test("idleTimeoutSeconds without any output", async () => {
    const { code, report } = await runToEnd(`hang();`, { idleTimeoutSeconds: 0.5 });
    expect(report).toMatchObject({ reason: "NoOutput", stop: { cause: "NoOutput" } });
    expect(code).toBe(143);
  });

  test("resultGracePeriodSeconds: the result is kept with any exit code", async () => {
    const { code, report } = await runToEnd(`init(); result(); hang();`, {
      resultGracePeriodSeconds: 0.2,
    });
    expect(code).toBe(143);
    expect(report).toMatchObject({
      reason: "Completed",
      stop: { cause: "ResultGrace" },
      result: { hung: true, costUSD: "0.5" },
    });
    expect(report.message).toContain("did not exit after its result");
  });

  test("the grace period waits for background tasks, and any later event ends it", async () => {
    const { report } = await runToEnd(
      `const tasks = (tasks) => ({ type: "system", subtype: "background_tasks_changed", tasks });
       const anything = { type: "system", subtype: "anything" };
       init(); emit(tasks([{ task_id: "b" }]), resultWith({})); await pause(500);
       emit(tasks([]), resultWith({}), anything); await pause(500);
       emit(resultWith({ result: "last" }), anything);`,
      { resultGracePeriodSeconds: 0.3, backgroundGracePeriodSeconds: 600 },
    );
    expect(report).toMatchObject({
      reason: "Completed",
      result: { text: "last", turns: 3, costUSD: "1.5", exitCode: 0 },
    });
    expect(report.result.hung).toBeUndefined();
  });
});

describe.concurrent("an unread log", () => {
  test("blocks neither the deadline nor the report nor the end", async () => {
    const directory = await mkdtemp(join(tmpdir(), "unread-"));
    const fifo = join(directory, "stdout");
    execFileSync("mkfifo", [fifo]);
    const stdout = await open(fifo, constants.O_RDWR);
    const run = await startStub(`init(); for (;;) fs.writeSync(1, "x".repeat(9999) + "\\n");`, {
      config: { activeDeadlineSeconds: 1 },
      stdoutFd: stdout.fd,
    });
    const { code, report } = await run.ended;
    await stdout.close();
    await rm(directory, { recursive: true });
    expect(code).toBe(143);
    expect(report).toMatchObject({ complete: true, reason: "DeadlineExceeded", result: { signal: "SIGTERM" } });
  });
});

/** As in a container: the runner's parent is not in /proc. */
const ownProcesses = ["unshare", "--map-root-user", "--pid", "--fork", "--mount-proc"];

describe.concurrent("a process that claude leaves behind", () => {
  test("ends with it, even if it ignores TERM and holds stdout open", async () => {
    const { report } = await runToEnd(`
      const child = spawn("/bin/sh", ["-c", "trap '' TERM; sleep 300"], { stdio: "inherit" });
      init(); result({ result: String(child.pid) }); await pause(50); process.exit(0);`);
    expect(report.reason).toBe("Completed");
    expect(isAlive(Number(report.result.text))).toBe(false);
  });

  test("ends before the last line is written, even if it left the group", async () => {
    const { report } = await runStub(
      `spawn("/bin/sh", ["-c", "while :; do echo forged > $TERMINATION_LOG; done"], { detached: true, stdio: "ignore" });
       init(); result(); setTimeout(() => process.exit(0), 50);`,
      { wrapper: ownProcesses },
    );
    expect(report).toMatchObject({ complete: true, reason: "Completed" });
  });

  test("does not find the runner with pkill -f node", async () => {
    const { report } = await runToEnd(`
      init(); result({ result: ["comm", "cmdline"].map((file) => fs.readFileSync("/proc/" + process.ppid + "/" + file)).join() });`);
    expect(report.result.text).toMatch(/run-init/u);
    expect(report.result.text).not.toMatch(/node|runner/u);
  });
});

describe.concurrent("inspect reads what kubectl logs of a run prints", () => {
  async function inspected(run: EndedRun, lines: (line: string) => string = (line) => line): Promise<Inspection> {
    const text = run.stdout.toString().replaceAll(/^.+$/gmu, lines);
    return JSON.parse((await runBuilt(["inspect", "-"], text)).stdout) as Inspection;
  }

  test("and gets the same classification, with timestamps or without", async () => {
    const script = `init(); process.stderr.write("a\\nlast words\\n"); process.exit(3);`;
    const run = await runToEnd(script);
    const expected = { reason: run.report.reason, message: run.report.message, result: run.report.result };
    expect(await inspected(run)).toMatchObject({ phase: "Failed", ...expected });
    const stamped = await inspected(run, (line) => `2026-11-22T05:41:06.076123456Z ${line}`);
    expect(stamped).toMatchObject({ phase: "Failed", ...expected });
    expect(stamped.message).toContain("last words");
  });

  test("also of a stopped run and of one that never started", async () => {
    const [deadline, missing] = await Promise.all([
      runToEnd(`init(); hang();`, { activeDeadlineSeconds: 0.8 }),
      runToEnd("", { promptPath: "/nonexistent" }),
    ]);
    expect(await inspected(deadline)).toMatchObject({ reason: "DeadlineExceeded", result: { signal: "SIGTERM" } });
    expect(await inspected(missing)).toMatchObject({ reason: "ClaudeStartFailed", message: missing.report.message });
  });
});
