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
  idle.dogs.sawOutput();
  vi.advanceTimersByTime(9_999);
  expect(idle.causes).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(idle.causes).toEqual(["IdleTimeout"]);
});

test("output that nobody reads is no silence, but the deadline holds", () => {
  let heldUp = true;
  const { causes } = watch(() => heldUp);
  vi.advanceTimersByTime(50_000);
  expect(causes).toEqual([]);
  heldUp = false;
  vi.advanceTimersByTime(10_000);
  expect(causes).toEqual(["IdleTimeout"]);

  const held = watch(() => true);
  vi.advanceTimersByTime(100_000);
  expect(held.causes).toEqual(["DeadlineExceeded"]);
});

test("the grace period runs from a final result, takes the idle timeout's place and ends with any event", () => {
  const { dogs, causes } = watch();
  dogs.sawEvent(true);
  vi.advanceTimersByTime(4_999);
  dogs.sawEvent(false);
  dogs.sawOutput();
  vi.advanceTimersByTime(9_000);
  expect(causes).toEqual([]);
  dogs.sawEvent(true);
  vi.advanceTimersByTime(5_000);
  expect(causes).toEqual(["ResultGrace"]);
});
