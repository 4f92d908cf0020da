/** When the probes fail: a standstill restarts the process, silence only takes it out of service. */
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

function wrong(checks: Readonly<Record<string, () => string | undefined>>): Record<string, string> {
  const said = Object.entries(checks).map(([name, check]) => [name, check()]);
  return Object.fromEntries(said.filter(([, what]) => what !== undefined)) as Record<string, string>;
}

const working = (): number => 0;
const goingOn = (): boolean => false;

it("all is well while watches hear and passes end", () => {
  expect(wrong(livez([watch({})], working))).toEqual({});
  expect(wrong(readyz([watch({})], goingOn))).toEqual({});
});

it("an API server that is silent for more than five minutes is no reason to restart, but to be out of service", () => {
  const silent = [watch({ heardMinutesAgo: 6 })];
  expect(wrong(livez(silent, working))).toEqual({});
  expect(wrong(readyz(silent, goingOn))).toEqual({ "watch /pods": "the API server is silent" });
  expect(wrong(readyz([watch({ heardMinutesAgo: 4 })], goingOn))).toEqual({});
});

it("a loop or a pass that has not moved for more than fifteen minutes is", () => {
  expect(wrong(livez([watch({ movedMinutesAgo: 16 })], working))).toEqual({ "watch /pods": "its loop stands still" });
  expect(wrong(livez([watch({ movedMinutesAgo: 14 })], working))).toEqual({});
  expect(wrong(livez([watch({})], () => 16 * minuteMs))).toEqual({ queue: "a pass does not end" });
  expect(wrong(livez([watch({})], () => 14 * minuteMs))).toEqual({});
});

it("a replica whose caches are not filled, or that is being stopped, is not ready", () => {
  expect(wrong(readyz([watch({ isSynced: false })], goingOn))).toEqual({ "watch /pods": "its first list is not in" });
  expect(wrong(readyz([watch({})], () => true))).toEqual({ shutdown: "in progress" });
});
