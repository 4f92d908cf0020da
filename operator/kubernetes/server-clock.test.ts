import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ServerClock } from "./server-clock.ts";

const startMs = Date.parse("2026-03-01T10:00:00.500Z");
const hourMs = 3_600_000;

let uptimeMs = 0;
let clock: ServerClock;

beforeEach(() => {
  vi.useFakeTimers({ now: startMs });
  uptimeMs = 0;
  clock = new ServerClock(() => uptimeMs);
});

afterEach(() => {
  vi.useRealTimers();
});

/** An answer a second later, from a server whose clock is `skewMs` ahead of the local one. */
function answered(skewMs: number, afterMs = 1_000): void {
  pass(afterMs);
  clock.learn(new Date(Math.floor((Date.now() + skewMs) / 1_000) * 1_000).toUTCString());
}

function pass(ms: number): void {
  uptimeMs += ms;
  vi.setSystemTime(Date.now() + ms);
}

const skewSeconds = (): number => Math.round((clock.now() - Date.now()) / 1_000);

test.each([0, -90, 3_600])("a single clock that is %i s ahead counts", (seconds) => {
  for (let i = 0; i < 3; i += 1) answered(seconds * 1_000);
  expect(skewSeconds()).toBe(seconds);
});

test("one wrong clock of three API servers is ignored, in any order of answers", () => {
  answered(hourMs);
  answered(0);
  expect(skewSeconds()).toBe(0);
  for (let i = 0; i < 60; i += 1) {
    answered(i % 3 === 2 ? hourMs : 0);
    expect(skewSeconds()).toBe(0);
  }
});

test("a burst of answers from one server is one sample", () => {
  answered(0);
  answered(0);
  for (let i = 0; i < 100; i += 1) answered(hourMs, i === 0 ? 1_000 : 5);
  expect(skewSeconds()).toBe(0);
});

test.each(["Sat, 01 Jan 58882 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "yesterday", "", undefined])(
  "%s is ignored",
  (date) => {
    answered(-90_000);
    pass(1_000);
    clock.learn(date);
    expect(skewSeconds()).toBe(-90);
  },
);

test("a step of the local clock drops the samples", () => {
  for (let i = 0; i < 15; i += 1) answered(0);
  vi.setSystemTime(Date.now() + hourMs);
  clock.learn(new Date(Date.now() - hourMs).toUTCString());
  expect(skewSeconds()).toBe(-3_600);
});
