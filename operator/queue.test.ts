import { setImmediate as nextTurn } from "node:timers/promises";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WorkQueue, type Lane, type QueueOptions } from "./queue.ts";

/** A queue whose passes end when the test says so. */
function heldQueue(options: Partial<QueueOptions> = {}) {
  const inFlight: { key: string; end: (outcome?: { again?: number } | Error) => void }[] = [];
  const errors: { key: string; error: unknown; delayMs: number }[] = [];
  const started: string[] = [];
  const queue = new WorkQueue(
    (key) => {
      started.push(key);
      return new Promise((resolve, reject) => {
        const end = (outcome?: { again?: number } | Error): void => {
          inFlight.splice(inFlight.indexOf(pass), 1);
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
        };
        const pass = { key, end };
        inFlight.push(pass);
      });
    },
    {
      concurrency: 1,
      random: () => 1,
      onError: (key, error, delayMs) => errors.push({ key, error, delayMs }),
      ...options,
    },
  );
  const end = async (outcome?: { again?: number } | Error): Promise<void> => {
    inFlight[0]?.end(outcome);
    await settled();
  };
  return { queue, started, inFlight, errors, end };
}

/** Lets promises settle: not a wait for time. */
async function settled(): Promise<void> {
  for (let i = 0; i < 5; i += 1) await Promise.resolve();
}

describe("by a model", () => {
  type Step =
    | { readonly do: "add"; readonly key: string; readonly lane: Lane }
    | { readonly do: "addAfter"; readonly key: string; readonly delayMs: number }
    | { readonly do: "end"; readonly index: number; readonly fails: boolean; readonly again: number | undefined }
    | { readonly do: "pass"; readonly ms: number };

  const key = fc.constantFrom("a", "b", "c", "d", "e");
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ do: fc.constant("add" as const), key, lane: fc.constantFrom<Lane>("end", "new", "rest") }),
    fc.record({ do: fc.constant("addAfter" as const), key, delayMs: fc.integer({ min: 0, max: 500 }) }),
    fc.record({
      do: fc.constant("end" as const),
      index: fc.nat(4),
      fails: fc.boolean(),
      again: fc.option(fc.integer({ min: 0, max: 500 }), { nil: undefined }),
    }),
    fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 300 }) }),
  );

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("never two passes of one key, never more than N, and every add is followed by a pass that starts later", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, concurrency) => {
          const { queue, inFlight, started } = heldQueue({ concurrency });
          /** Number of passes that had started when a key was last added. */
          const owed = new Map<string, number>();
          const startsOf = (key: string): number => started.filter((each) => each === key).length;
          const check = (): void => {
            expect(inFlight.length).toBeLessThanOrEqual(concurrency);
            expect(new Set(inFlight.map(({ key }) => key)).size).toBe(inFlight.length);
            // No worker is idle while a key waits.
            if (queue.depth > 0) expect(inFlight.length).toBe(concurrency);
          };
          for (const each of steps) {
            if (each.do === "add" || each.do === "addAfter") owed.set(each.key, startsOf(each.key));
            if (each.do === "add") queue.add(each.key, each.lane);
            if (each.do === "addAfter") queue.addAfter(each.key, each.delayMs);
            if (each.do === "pass") await vi.advanceTimersByTimeAsync(each.ms);
            if (each.do === "end") {
              const pass = inFlight[each.index];
              const again = each.again === undefined ? undefined : { again: each.again };
              pass?.end(each.fails ? new Error("failed") : again);
              await settled();
            }
            check();
          }
          // Let everything end: all that was owed must have come.
          for (let round = 0; round < 400 && [...owed].some(([key, before]) => startsOf(key) <= before); round += 1) {
            inFlight[0]?.end();
            await settled();
            check();
            await vi.advanceTimersByTimeAsync(10);
          }
          for (const [key, before] of owed) expect(startsOf(key)).toBeGreaterThan(before);
          const stopped = queue.stop();
          while (inFlight.length > 0) inFlight[0]?.end();
          await stopped;
          expect(vi.getTimerCount()).toBe(0);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe("order", () => {
  test("the oldest first; a key that waits already keeps its place", async () => {
    const { queue, started, end } = heldQueue();
    for (const key of ["first", "a", "b", "a"]) queue.add(key);
    expect(queue.depth).toBe(2);
    await end();
    await end();
    await end();
    expect(started).toEqual(["first", "a", "b"]);
  });

  test("ends go ahead of what is new, that of the rest; a key never falls back", async () => {
    const { queue, started, end } = heldQueue();
    for (const key of ["first", "a", "b", "c", "d"]) queue.add(key);
    queue.add("d", "new");
    queue.add("c", "end");
    queue.add("c", "new");
    queue.add("c");
    for (let i = 0; i < 5; i += 1) await end();
    expect(started).toEqual(["first", "c", "d", "a", "b"]);
  });

  test("what has waited for long takes turns with what is new", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const { queue, started, end } = heldQueue();
    for (const key of ["first", "old1", "old2"]) queue.add(key);
    for (const key of ["n1", "n2", "n3", "n4"]) queue.add(key, "new");
    await end();
    vi.advanceTimersByTime(20_000);
    for (let i = 0; i < 6; i += 1) await end();
    vi.useRealTimers();
    expect(started).toEqual(["first", "n1", "old1", "n2", "old2", "n3", "n4"]);
  });

  test("the earliest lane that was asked for while it ran counts afterwards", async () => {
    const { queue, started, end } = heldQueue();
    for (const key of ["a", "b"]) queue.add(key);
    queue.add("a", "end");
    queue.add("a");
    await end();
    expect(started).toEqual(["a", "a"]);
  });
});

describe("time", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("of several times the earliest counts, and is one pass", async () => {
    const { queue, started, end } = heldQueue();
    queue.addAfter("a", 300);
    queue.addAfter("a", 100);
    queue.addAfter("a", 200);
    await vi.advanceTimersByTimeAsync(99);
    expect(started).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(started).toEqual(["a"]);
    await end();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(started).toEqual(["a"]);
  });

  test("a pass that asks for it is made again", async () => {
    const { queue, started, end } = heldQueue();
    queue.add("a");
    await end({ again: 250 });
    await vi.advanceTimersByTimeAsync(249);
    expect(started).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(started).toHaveLength(2);
  });

  test("two months are not at once", async () => {
    const { queue, started } = heldQueue();
    queue.addAfter("a", 60 * 86_400_000);
    await vi.advanceTimersByTimeAsync(20 * 86_400_000);
    expect(started).toEqual([]);
  });

  test("failures back off, doubling to the longest, each key by itself, until a success", async () => {
    const { queue, started, errors, end } = heldQueue({ baseDelayMs: 100, maxDelayMs: 500 });
    queue.add("a");
    for (const delayMs of [100, 200, 400, 500, 500]) {
      await end(new Error("no"));
      expect(errors.at(-1)?.delayMs).toBe(delayMs);
      const before = started.length;
      await vi.advanceTimersByTimeAsync(delayMs - 1);
      expect(started).toHaveLength(before);
      await vi.advanceTimersByTimeAsync(1);
      expect(started).toHaveLength(before + 1);
    }
    await end();
    queue.add("b");
    await end(new Error("no"));
    expect(errors.at(-1)).toMatchObject({ key: "b", delayMs: 100 });
    queue.add("a");
    await end(new Error("no"));
    expect(errors.at(-1)).toMatchObject({ key: "a", delayMs: 100 });
  });

  test("ends have workers of their own when all others are busy", async () => {
    const open = Promise.withResolvers<undefined>();
    const served: string[] = [];
    const work = async (key: string): Promise<undefined> => {
      served.push(key);
      return key.startsWith("slow") ? open.promise : undefined;
    };
    const queue = new WorkQueue(work, { concurrency: 1, endConcurrency: 1, onError: () => undefined });
    queue.add("slow");
    queue.add("later");
    queue.add("end", "end");
    await vi.waitFor(() => {
      expect(served).toEqual(["slow", "end"]);
    });
    open.resolve(undefined);
    await vi.waitFor(() => {
      expect(served).toEqual(["slow", "end", "later"]);
    });
    await queue.stop();
  });

  test("jitter takes off at most a half", async () => {
    const { queue, errors, end } = heldQueue({ baseDelayMs: 100, random: () => 0 });
    queue.add("a");
    await end(new Error("no"));
    expect(errors[0]?.delayMs).toBe(50);
  });

  test("an error that knows when to try again is obeyed, if that is later", async () => {
    const { queue, errors, end } = heldQueue({ baseDelayMs: 100 });
    queue.add("a");
    await end(Object.assign(new Error("slow down"), { retryAfterMs: 7_000 }));
    expect(errors[0]?.delayMs).toBe(7_000);
    await vi.advanceTimersByTimeAsync(7_000);
    await end(Object.assign(new Error("slow down"), { retryAfterMs: 1 }));
    expect(errors[1]?.delayMs).toBe(200);
  });

  test("news of a failed key is looked at at once", async () => {
    const { queue, started, end } = heldQueue({ baseDelayMs: 10_000 });
    queue.add("a");
    await end(new Error("no"));
    queue.add("a");
    expect(started).toEqual(["a", "a"]);
  });
});

describe("stop", () => {
  test("waits for the passes in flight, takes no more, and leaves no timers", async () => {
    const { queue, started, inFlight } = heldQueue({ concurrency: 2 });
    for (const key of ["a", "b", "waiting"]) queue.add(key);
    queue.add("a");
    queue.addAfter("later", 1);
    let stopped = false;
    const both = Promise.all([queue.stop(), queue.stop()]).then(() => {
      stopped = true;
    });
    queue.add("d");
    queue.addAfter("e", 0);
    inFlight[0]?.end({ again: 0 });
    await nextTurn();
    expect(stopped).toBe(false);
    inFlight[0]?.end(new Error("no"));
    await both;
    expect(started).toEqual(["a", "b"]);
    expect(queue.depth).toBe(0);
  });

  test("of an idle queue is at once", async () => {
    await heldQueue().queue.stop();
  });

  test("a pass that throws before it waits is a failed pass", async () => {
    const errors: unknown[] = [];
    const queue = new WorkQueue(
      () => {
        throw new Error("at once");
      },
      { concurrency: 1, onError: (_key, error) => errors.push(error) },
    );
    queue.add("a");
    await settled();
    expect(errors).toHaveLength(1);
    await queue.stop();
  });
});

test("tells how long the first key waits, and the longest pass takes", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const { queue, end } = heldQueue();
  expect([queue.oldestMs, queue.longestPassMs]).toEqual([0, 0]);
  queue.add("runs");
  vi.advanceTimersByTime(100);
  queue.add("waits");
  vi.advanceTimersByTime(30);
  queue.add("waits less", "end");
  expect([queue.oldestMs, queue.longestPassMs]).toEqual([30, 130]);
  for (let passes = 0; passes < 3; passes += 1) await end();
  expect([queue.oldestMs, queue.longestPassMs]).toEqual([0, 0]);
  vi.useRealTimers();
});

test("clear forgets what waits, later keys included, and lets the pass in flight finish", async () => {
  vi.useFakeTimers();
  const { queue, started, end } = heldQueue();
  for (const key of ["a", "b"]) queue.add(key);
  queue.addAfter("c", 1);
  queue.clear();
  vi.advanceTimersByTime(10);
  await end();
  queue.add("d");
  expect(started).toEqual(["a", "d"]);
  vi.useRealTimers();
});
