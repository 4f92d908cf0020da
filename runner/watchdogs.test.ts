import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Watchdogs, type StopCause } from "./watchdogs.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

const limits = { idleTimeoutSeconds: 10, activeDeadlineSeconds: 100, resultGracePeriodSeconds: 5 };
function watch(isHeldUp?: () => boolean): { dogs: Watchdogs; causes: StopCause[] } {
  const causes: StopCause[] = [];
  return { dogs: new Watchdogs(limits, performance.now(), (cause) => causes.push(cause), isHeldUp), causes };
}

test("silence from the start is NoOutput, after output it is IdleTimeout", () => {
  const silent = watch();
  vi.advanceTimersByTime(9_999);
  expect(silent.causes).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(silent.causes).toEqual(["NoOutput"]);

  const idle = watch();
  vi.advanceTimersByTime(9_000);
  idle.dogs.recordOutput();
  vi.advanceTimersByTime(9_999);
  expect(idle.causes).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(idle.causes).toEqual(["IdleTimeout"]);
});

test("blocked output is no silence, but the deadline applies", () => {
  let heldUp = true;
  const { causes } = watch(() => heldUp);
  vi.advanceTimersByTime(50_000);
  expect(causes).toEqual([]);
  heldUp = false;
  vi.advanceTimersByTime(10_000);
  expect(causes).toEqual(["IdleTimeout"]);

  const blocked = watch(() => true);
  vi.advanceTimersByTime(100_000);
  expect(blocked.causes).toEqual(["DeadlineExceeded"]);
});

test("the grace period starts at a final result, replaces the idle timeout and ends with any event", () => {
  const { dogs, causes } = watch();
  dogs.recordEvent("ResultGrace");
  vi.advanceTimersByTime(4_999);
  dogs.recordEvent(undefined);
  dogs.recordOutput();
  vi.advanceTimersByTime(9_000);
  expect(causes).toEqual([]);
  dogs.recordEvent("ResultGrace");
  vi.advanceTimersByTime(5_000);
  expect(causes).toEqual(["ResultGrace"]);
});

test("an answer with background tasks has its own grace period, separate from the idle timeout", () => {
  const watchFor = (more: object): { dogs: Watchdogs; causes: StopCause[] } => {
    const causes: StopCause[] = [];
    const all = { resultGracePeriodSeconds: 5, ...more };
    return { dogs: new Watchdogs(all, performance.now(), (cause) => causes.push(cause)), causes };
  };
  const open = watchFor({ backgroundGracePeriodSeconds: 60 });
  open.dogs.recordEvent("BackgroundGrace");
  vi.advanceTimersByTime(59_999);
  expect(open.causes).toEqual([]);
  open.dogs.recordEvent("BackgroundGrace");
  vi.advanceTimersByTime(60_000);
  expect(open.causes).toEqual(["BackgroundGrace"]);

  const unset = watchFor({});
  unset.dogs.recordEvent("BackgroundGrace");
  vi.advanceTimersByTime(5_000);
  expect(unset.causes).toEqual(["BackgroundGrace"]);

  const idle = watchFor({ backgroundGracePeriodSeconds: 60, idleTimeoutSeconds: 10 });
  idle.dogs.recordOutput();
  idle.dogs.recordEvent("BackgroundGrace");
  vi.advanceTimersByTime(10_000);
  expect(idle.causes).toEqual(["IdleTimeout"]);
});
