/** A cancel that nothing comes of: the host's patience of a minute is waited out. Needs no cluster, only the time. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { TestApi } from "./testing/api-server.ts";
import { operate } from "./testing/operator.ts";
import { play } from "./testing/play.ts";

let api: TestApi;
beforeEach(async () => {
  api = await new TestApi().listen();
});
afterEach(() => api.close());

it("case 34: a run that does not end in time is not acknowledged, and the host is told where to look", async () => {
  operate(api, (run) => run.running());
  const { host, result } = play(api);
  await host.until(() => host.said.includes("is running"));
  const cancelledMs = performance.now();
  host.cancel();
  const { errorCode, errorMessage, resultJson } = await result;
  const tookMs = performance.now() - cancelledMs;
  expect(api.runs[0]?.spec.cancel).toBe(true);
  expect(errorCode).toBe("cancelled");
  expect(errorMessage).toContain("has not ended within 55 s");
  expect(resultJson ?? {}).not.toHaveProperty("executionCancellation");
  // The whole of the patience, which is less than the host's own minute.
  expect(tookMs).toBeGreaterThan(54_000);
});
