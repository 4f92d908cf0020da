/** A cancel without effect: the adapter waits for its full deadline. Needs no cluster, only the time. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { ClaudeRunApi } from "../client/testing/claude-run-api.ts";
import { operate } from "../client/testing/operated-run.ts";
import { startRun } from "./testing/start-run.ts";

let api: ClaudeRunApi;
beforeEach(async () => {
  api = await new ClaudeRunApi().listen();
});
afterEach(() => api.close());

it("case 34: a run that does not end in time is not acknowledged, and the host is told where to look", async () => {
  operate(api, (run) => run.running());
  const { host, result } = startRun(api);
  await host.until(() => host.ownLines.includes("is running"));
  const cancelledMs = performance.now();
  host.cancel();
  const { errorCode, errorMessage, resultJson } = await result;
  const tookMs = performance.now() - cancelledMs;
  expect(api.runs[0]?.spec.cancel).toBe(true);
  expect(errorCode).toBe("cancelled");
  expect(errorMessage).toContain("has not finished within 55 s");
  expect(resultJson ?? {}).not.toHaveProperty("executionCancellation");
  // The whole deadline, which is less than the host's own minute.
  expect(tookMs).toBeGreaterThan(54_000);
});
