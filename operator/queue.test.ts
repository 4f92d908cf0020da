import { setImmediate as nextTurn } from "node:timers/promises";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FairLane } from "./fair-lane.ts";
import { WorkQueue, type Lane, type QueueOptions } from "./queue.ts";

/** A queue whose reconciles end when the test calls `end`. */
function manualQueue(options: Partial<QueueOptions<string>> = {}) {
  const inFlight: { key: string; end: (outcome?: { requeueAfterMs?: number } | Error) => void }[] = [];
  const errors: { key: string; error: unknown; delayMs: number }[] = [];
  const started: string[] = [];
  const queue = new WorkQueue(
    (key) => {
      started.push(key);
      return new Promise((resolve, reject) => {
        const end = (outcome?: { requeueAfterMs?: number } | Error): void => {
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
  const end = async (outcome?: { requeueAfterMs?: number } | Error): Promise<void> => {
    inFlight[0]?.end(outcome);
    await settled();
  };
  return { queue, started, inFlight, errors, end };
}

/** Lets promises settle: not a wait for time. */
async function settled(): Promise<void> {
  for (let i = 0; i < 5; i += 1) await Promise.resolve();
}

describe("model", () => {
  type Step =
    | { readonly do: "add"; readonly key: string; readonly lane: Lane }
    | { readonly do: "addAfter"; readonly key: string; readonly delayMs: number }
    | {
        readonly do: "end";
        readonly index: number;
        readonly fails: boolean;
        readonly requeueAfterMs: number | undefined;
      }
    | { readonly do: "pass"; readonly ms: number };

  const key = fc.constantFrom("a", "b", "c", "d", "e");
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ do: fc.constant("add" as const), key, lane: fc.constantFrom<Lane>("end", "new", "rest") }),
    fc.record({ do: fc.constant("addAfter" as const), key, delayMs: fc.integer({ min: 0, max: 500 }) }),
    fc.record({
      do: fc.constant("end" as const),
      index: fc.nat(4),
      fails: fc.boolean(),
      requeueAfterMs: fc.option(fc.integer({ min: 0, max: 500 }), { nil: undefined }),
    }),
    fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 300 }) }),
  );

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("a key is in flight once, at most N keys are, and every add is followed by a reconcile", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, concurrency) => {
          const { queue, inFlight, started } = manualQueue({ concurrency });
          /** Number of reconciles of a key that had started when it was last added. */
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
              const requeueAfterMs =
                each.requeueAfterMs === undefined ? undefined : { requeueAfterMs: each.requeueAfterMs };
              pass?.end(each.fails ? new Error("failed") : requeueAfterMs);
              await settled();
            }
            check();
          }
          // Let everything end: each add must have been followed by a reconcile.
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
  test("the oldest key is first; a key that waits already keeps its place", async () => {
    const { queue, started, end } = manualQueue();
    for (const key of ["first", "a", "b", "a"]) queue.add(key);
    expect(queue.depth).toBe(2);
    await end();
    await end();
    await end();
    expect(started).toEqual(["first", "a", "b"]);
  });

  test("ends are served before new runs, and those before the rest; a key never moves to a later lane", async () => {
    const { queue, started, end } = manualQueue();
    for (const key of ["first", "a", "b", "c", "d"]) queue.add(key);
    queue.add("d", "new");
    queue.add("c", "end");
    queue.add("c", "new");
    queue.add("c");
    for (let i = 0; i < 5; i += 1) await end();
    expect(started).toEqual(["first", "c", "d", "a", "b"]);
  });

  test("a key of the rest that has waited for long alternates with new ones", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const { queue, started, end } = manualQueue();
    for (const key of ["first", "old1", "old2"]) queue.add(key);
    for (const key of ["n1", "n2", "n3", "n4"]) queue.add(key, "new");
    await end();
    vi.advanceTimersByTime(20_000);
    for (let i = 0; i < 6; i += 1) await end();
    vi.useRealTimers();
    expect(started).toEqual(["first", "n1", "old1", "n2", "old2", "n3", "n4"]);
  });

  test("the earliest lane that was requested while the key was in flight counts", async () => {
    const { queue, started, end } = manualQueue();
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

  test("the earliest of several times counts, and is one reconcile", async () => {
    const { queue, started, end } = manualQueue();
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

  test("a reconcile that asks for it is repeated after the delay", async () => {
    const { queue, started, end } = manualQueue();
    queue.add("a");
    await end({ requeueAfterMs: 250 });
    await vi.advanceTimersByTimeAsync(249);
    expect(started).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(started).toHaveLength(2);
  });

  test("a delay longer than a timer allows does not end at once", async () => {
    const { queue, started } = manualQueue();
    queue.addAfter("a", 60 * 86_400_000);
    await vi.advanceTimersByTimeAsync(20 * 86_400_000);
    expect(started).toEqual([]);
  });

  test("failures of a key back off, doubling to the maximum, until a success", async () => {
    const { queue, started, errors, end } = manualQueue({ baseDelayMs: 100, maxDelayMs: 500 });
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

  test("ends have extra workers when all others are busy", async () => {
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
    const options = { timeout: 60_000 };
    await vi.waitFor(() => {
      expect(served).toEqual(["slow", "end"]);
    }, options);
    open.resolve(undefined);
    await vi.waitFor(() => {
      expect(served).toEqual(["slow", "end", "later"]);
    }, options);
    await queue.stop();
  });

  test("jitter shortens the delay by at most a half", async () => {
    const { queue, errors, end } = manualQueue({ baseDelayMs: 100, random: () => 0 });
    queue.add("a");
    await end(new Error("no"));
    expect(errors[0]?.delayMs).toBe(50);
  });

  test("the retry time of an error counts if it is later than the backoff", async () => {
    const { queue, errors, end } = manualQueue({ baseDelayMs: 100 });
    queue.add("a");
    await end(Object.assign(new Error("slow down"), { retryAfterMs: 7_000 }));
    expect(errors[0]?.delayMs).toBe(7_000);
    await vi.advanceTimersByTimeAsync(7_000);
    await end(Object.assign(new Error("slow down"), { retryAfterMs: 1 }));
    expect(errors[1]?.delayMs).toBe(200);
  });

  test("a failed key that is added again is reconciled at once", async () => {
    const { queue, started, end } = manualQueue({ baseDelayMs: 10_000 });
    queue.add("a");
    await end(new Error("no"));
    queue.add("a");
    expect(started).toEqual(["a", "a"]);
  });
});

describe("stop", () => {
  test("waits for the reconciles in flight, accepts no more keys, and leaves no timers", async () => {
    const { queue, started, inFlight } = manualQueue({ concurrency: 2 });
    for (const key of ["a", "b", "waiting"]) queue.add(key);
    queue.add("a");
    queue.addAfter("later", 1);
    let stopped = false;
    const both = Promise.all([queue.stop(), queue.stop()]).then(() => {
      stopped = true;
    });
    queue.add("d");
    queue.addAfter("e", 0);
    inFlight[0]?.end({ requeueAfterMs: 0 });
    await nextTurn();
    expect(stopped).toBe(false);
    inFlight[0]?.end(new Error("no"));
    await both;
    expect(started).toEqual(["a", "b"]);
    expect(queue.depth).toBe(0);
  });

  test("ends at once if the queue is idle", async () => {
    await manualQueue().queue.stop();
  });

  test("a reconcile that throws synchronously is a failed reconcile", async () => {
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

test("shows how long the oldest key has waited and how long the longest reconcile takes", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const { queue, end } = manualQueue();
  expect([queue.oldestMs, queue.longestReconcileMs]).toEqual([0, 0]);
  queue.add("runs");
  vi.advanceTimersByTime(100);
  queue.add("waits");
  vi.advanceTimersByTime(30);
  queue.add("waits less", "end");
  expect([queue.oldestMs, queue.longestReconcileMs]).toEqual([30, 130]);
  for (let passes = 0; passes < 3; passes += 1) await end();
  expect([queue.oldestMs, queue.longestReconcileMs]).toEqual([0, 0]);
  vi.useRealTimers();
});

test("clear removes all waiting keys, delayed ones included, and lets the reconcile in flight finish", async () => {
  vi.useFakeTimers();
  const { queue, started, end } = manualQueue();
  for (const key of ["a", "b"]) queue.add(key);
  queue.addAfter("c", 1);
  queue.clear();
  vi.advanceTimersByTime(10);
  await end();
  queue.add("d");
  expect(started).toEqual(["a", "d"]);
  vi.useRealTimers();
});

describe("shares", () => {
  test("10,000 keys of one namespace that are retried for ever delay a key of another by one reconcile", async () => {
    const { queue, started, end } = manualQueue();
    for (let n = 0; n < 10_000; n += 1) queue.add(`loud/agent-${n}`);
    for (let round = 0; round < 20; round += 1) {
      const startsBefore = started.length;
      queue.add("quiet/reviewer");
      queue.add(started.at(-1) ?? "");
      await end();
      await end();
      expect(started.slice(startsBefore)).toContain("quiet/reviewer");
    }
  });

  test("each of k waiting shares is served within the next k reconciles, the oldest key of each first", async () => {
    const added = fc.record({ share: fc.integer({ min: 0, max: 5 }), passes: fc.integer({ min: 0, max: 2 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(added, { maxLength: 80 }), async (steps) => {
        const { queue, started, end } = manualQueue();
        const waiting = new Map<string, string[]>();
        const overtaken = new Map<string, number>();
        queue.add("first/0");
        const serve = async (): Promise<void> => {
          const before = started.length;
          await end();
          const key = started[before];
          if (key === undefined) return;
          const share = key.slice(0, key.indexOf("/"));
          expect(waiting.get(share)?.shift()).toBe(key);
          for (const [each, keys] of waiting) {
            if (each === share || keys.length === 0) overtaken.set(each, 0);
            else overtaken.set(each, (overtaken.get(each) ?? 0) + 1);
          }
          expect(Math.max(0, ...overtaken.values())).toBeLessThan(6);
        };
        for (const [index, { share, passes }] of steps.entries()) {
          const name = `s${share}`;
          queue.add(`${name}/${index}`);
          // An idle worker takes it at once.
          if (queue.depth > 0 || started.at(-1) !== `${name}/${index}`) {
            waiting.set(name, [...(waiting.get(name) ?? []), `${name}/${index}`]);
          }
          for (let n = 0; n < passes; n += 1) await serve();
        }
        while (queue.depth > 0) await serve();
        expect([...waiting.values()].flat()).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  test("a share whose reconciles hang leaves the spare workers to others, one reconcile each", async () => {
    const { queue, started } = manualQueue({ concurrency: 2, spareConcurrency: 2 });
    for (const key of ["hangs/1", "hangs/2", "hangs/3", "a/1", "a/2", "b/1", "c/1"]) queue.add(key);
    await settled();
    expect(started).toEqual(["hangs/1", "hangs/2", "a/1", "b/1"]);
  });

  test("a key that moved to an earlier lane is served once", async () => {
    const { queue, started, end } = manualQueue();
    for (const key of ["x/1", "a/1", "a/2", "b/1"]) queue.add(key);
    queue.add("a/2", "end");
    queue.add("b/1", "new");
    for (let n = 0; n < 6; n += 1) await end();
    expect(started).toEqual(["x/1", "a/2", "b/1", "a/1"]);
    expect([queue.depth, queue.oldestMs]).toEqual([0, 0]);
  });

  test("are served at a cost that does not grow with the number of waiting keys", () => {
    const lane = new FairLane((key) => key.slice(0, key.indexOf("/")));
    for (let n = 0; n < 50_000; n += 1) lane.add(`ns-${n % 5_000}/${n}`);
    // Quadratic, this would be 1,000,000,000 steps.
    for (let n = 0; n < 50_000; n += 1) {
      const key = lane.take() ?? "";
      if (n % 2 === 0 && lane.oldestMs >= 0) lane.add(key);
    }
    expect(lane.size).toBe(25_000);
  });
});
