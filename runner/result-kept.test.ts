/** A complete result is kept even if claude keeps running; the message names background tasks. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunnerConfig } from "./contract.ts";
import { buildRunner } from "./testing/process.ts";
import { removeRuns, runStub, type EndedRun } from "./testing/stub.ts";

beforeAll(() => buildRunner(), 60_000);
afterAll(removeRuns);

const server = { task_id: "dev-server", description: "npm run dev" };
const open = `emit({ type: "system", subtype: "background_tasks_changed", tasks: [${JSON.stringify(server)}] });`;
const nextTurn = `emit({ type: "assistant", message: { id: "later", content: [] } });`;
const end = (script: string, config: Partial<RunnerConfig>): Promise<EndedRun> => runStub(script, { config });
const stands = { reason: "Completed", result: { text: "All clear.", hung: true } };
const answered = `init(); ${open} result({ result: "All clear." });`;

describe.concurrent("a result", () => {
  test("with an endless background task is kept after backgroundGracePeriodSeconds", async () => {
    const { report } = await end(`${answered} hang();`, { backgroundGracePeriodSeconds: 1 });
    expect(report).toMatchObject({ ...stands, stop: { cause: "BackgroundGrace" } });
    expect(report.message).toContain("dev-server (npm run dev)");
  });

  test("is kept after an idle timeout", async () => {
    const { report } = await end(`${answered} hang();`, { idleTimeoutSeconds: 8 });
    expect(report).toMatchObject({ ...stands, stop: { cause: "IdleTimeout" } });
  });

  test("is kept when the deadline stops claude", async () => {
    const { report } = await end(`${answered} hang();`, { activeDeadlineSeconds: 8 });
    // A slow machine may have no result yet.
    if (report.result.text === undefined) expect(report.reason).toBe("DeadlineExceeded");
    else expect(report).toMatchObject({ ...stands, stop: { cause: "DeadlineExceeded" } });
  });

  test("is kept if an event ends the short grace period and silence follows", async () => {
    const later = `emit({ type: "system", subtype: "status" });`;
    const { report } = await end(`init(); result({ result: "All clear." }); ${later} hang();`, {
      backgroundGracePeriodSeconds: 1,
    });
    expect(report).toMatchObject({ ...stands, stop: { cause: "BackgroundGrace" } });
  });

  test("is kept if the next turn falls silent", async () => {
    const { report } = await end(`${answered} ${nextTurn} hang();`, { idleTimeoutSeconds: 8 });
    expect(report).toMatchObject({ ...stands, stop: { cause: "IdleTimeout" } });
  });

  test("does not stop a later turn that keeps working", async () => {
    const { report } = await end(`${answered} ${nextTurn} await pause(1500); result({ result: "More." });`, {
      backgroundGracePeriodSeconds: 0.5,
    });
    expect(report).toMatchObject({ reason: "Completed", result: { text: "More.", exitCode: 0 } });
    expect(report.result.hung).toBeUndefined();
  });

  test("that is an error stays an error", async () => {
    const { report } = await end(`init(); ${open} result({ is_error: true, api_error_status: 500 }); hang();`, {
      backgroundGracePeriodSeconds: 0.5,
    });
    expect(report).toMatchObject({ reason: "ApiError", result: { hung: true } });
  });
});
