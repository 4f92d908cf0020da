import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Output } from "./output.ts";
import { Progress } from "./progress.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "performance"] }));
afterEach(() => void vi.useRealTimers());

function follow(): { wrote: (bytes: number) => void; lines: () => number; messages: number[]; progress: Progress } {
  const output = new Output((bytes) => Promise.resolve(bytes.length));
  const messages: number[] = [];
  const progress = new Progress(
    output,
    () => ({ progress: { turns: 0 } }),
    () => messages.push(performance.now()),
  );
  let passed = 0;
  const wrote = (bytes: number): void => {
    output.writeClaude({ bytes: Buffer.alloc(bytes, "\n"), kind: "whole" });
    passed++;
    progress.outputWritten();
  };
  return { wrote, lines: () => output.digest().lines - passed, messages, progress };
}

test("a checkpoint is written every 64 KiB, and 5 s after new output", () => {
  const { wrote, lines } = follow();
  wrote(64 * 1024 - 1);
  expect(lines()).toBe(0);
  wrote(1);
  expect(lines()).toBe(1);
  vi.advanceTimersByTime(60_000);
  expect(lines()).toBe(1);
  wrote(1);
  vi.advanceTimersByTime(4_999);
  expect(lines()).toBe(1);
  vi.advanceTimersByTime(1);
  expect(lines()).toBe(2);
});

test("the message is written after a turn, at most once a second, and the last one is not lost", () => {
  const { progress, messages } = follow();
  const beganMs = performance.now();
  for (let turn = 0; turn < 25; turn++) {
    progress.turnEnded();
    vi.advanceTimersByTime(100);
  }
  vi.advanceTimersByTime(10_000);
  expect(messages.map((atMs) => atMs - beganMs)).toEqual([0, 1000, 2000, 3000]);
});
