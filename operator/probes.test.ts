/** When the probes fail: a stuck loop restarts the process, an unreachable API server only makes it unready. */
import { expect, it } from "vitest";
import { livez, readyz, type Watched } from "./probes.ts";

const minuteMs = 60_000;

function watch(last: { heardMinutesAgo?: number; movedMinutesAgo?: number; isSynced?: boolean }): Watched {
  const { heardMinutesAgo = 0, movedMinutesAgo = 0, isSynced = true } = last;
  const now = performance.now();
  return {
    path: "/pods",
    isSynced,
    lastHeardMs: now - heardMinutesAgo * minuteMs,
    lastMovedMs: now - movedMinutesAgo * minuteMs,
  };
}

function failed(checks: Readonly<Record<string, () => string | undefined>>): Record<string, string> {
  const results = Object.entries(checks).map(([name, check]) => [name, check()]);
  return Object.fromEntries(results.filter(([, problem]) => problem !== undefined)) as Record<string, string>;
}

const working = (): number => 0;
const notStopping = (): boolean => false;
const mayList = (): undefined => undefined;

it("nothing fails while watches get answers and reconciles end", () => {
  expect(failed(livez([watch({})], working))).toEqual({});
  expect(failed(readyz([watch({})], notStopping, mayList))).toEqual({});
});

it("without an answer from the API server for five minutes the replica is unready, but not restarted", () => {
  const silent = [watch({ heardMinutesAgo: 6 })];
  expect(failed(livez(silent, working))).toEqual({});
  expect(failed(readyz(silent, notStopping, mayList))).toEqual({
    "watch /pods": "no answer from the API server for more than 5 minutes",
  });
  expect(failed(readyz([watch({ heardMinutesAgo: 4 })], notStopping, mayList))).toEqual({});
});

it("a loop or a reconcile that is stuck for fifteen minutes restarts the process", () => {
  expect(failed(livez([watch({ movedMinutesAgo: 16 })], working))).toEqual({
    "watch /pods": "the watch has been stuck for more than 15 minutes",
  });
  expect(failed(livez([watch({ movedMinutesAgo: 14 })], working))).toEqual({});
  expect(failed(livez([watch({})], () => 16 * minuteMs))).toEqual({
    queue: "a reconcile has not ended for more than 15 minutes",
  });
  expect(failed(livez([watch({})], () => 14 * minuteMs))).toEqual({});
});

it("a replica with unfilled caches, or one that is stopping, is not ready", () => {
  expect(failed(readyz([watch({ isSynced: false })], notStopping, mayList))).toEqual({
    "watch /pods": "waiting for the first list",
  });
  expect(failed(readyz([watch({})], () => true, mayList))).toEqual({ shutdown: "in progress" });
});

it("a replica without the permission to list is not ready, and names the permission", () => {
  const rejection = (path: string): string | undefined => (path === "/pods" ? "pods is forbidden" : undefined);
  expect(failed(readyz([watch({})], notStopping, rejection))).toEqual({
    "watch /pods": "permission is missing, check the operator's role bindings: pods is forbidden",
  });
});
