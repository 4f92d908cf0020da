/** Counts the writes of queue positions in a long queue that moves every second, with the real decide and act. */
import { expect, it } from "vitest";
import { ActiveRunLimiter } from "./active-run-limit.ts";
import type { Cluster } from "./cluster.ts";
import type { Pod, Run } from "./domain.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { StatusWriter } from "./status-writer.ts";
import { StatusDebouncer } from "./status-debouncer.ts";
import { reconcile } from "./reconcile.ts";
import { aFinishedRun, anAdmittedRun, aPodOnNode, aRun, nowMs as startMs } from "./testing/builders.ts";

/** One holder that ends every second, and a queue behind it. Only statuses are written. */
class MovingQueue {
  readonly runs = new Map<string, Run>();
  readonly writes: { readonly uid: string; readonly atMs: number; readonly isMove: boolean }[] = [];
  nowMs = startMs;
  #holder: string | undefined;

  constructor(length: number) {
    for (let n = 0; n < length; n += 1) this.#put(aRun(`run-${String(n).padStart(4, "0")}`));
  }

  move(): void {
    const [next] = [...this.runs.values()].filter(
      ({ status }) => status.phase === undefined || status.phase === "Queued",
    );
    if (this.#holder !== undefined) this.#put({ ...aFinishedRun(this.#holder), logsAt: 0 });
    this.#holder = next?.name;
    if (next !== undefined) this.#put(anAdmittedRun(next.name));
  }

  observe = (): ReturnType<Cluster["observe"]> => {
    const pods: Pod[] = [...this.runs.values()]
      .filter(({ name }) => name === this.#holder)
      .map((run) => aPodOnNode(run));
    return { runs: [...this.runs.values()], jobs: [], pods };
  };

  updateStatus = (run: Run, status: Run["status"]): Promise<void> => {
    const before = run.status;
    const isMove = before.queuePosition !== undefined && before.queuePosition !== status.queuePosition;
    this.writes.push({ uid: run.uid, atMs: this.nowMs, isMove });
    this.#put({ ...run, status });
    return Promise.resolve();
  };

  #put(run: Run): void {
    this.runs.set(run.uid, run);
  }
}

it.each([30, 300])(
  "a queue of %i that moves every second costs five writes a move and one a minute per run",
  async (length) => {
    const minutes = 3;
    const queue = new MovingQueue(length + minutes * 60);
    let seed = 0;
    const random = (): number => (seed = (seed + 0.618) % 1);
    const log = { debug: () => undefined, info: () => undefined, error: () => undefined };
    const cluster = Object.assign(queue as unknown as Cluster, {
      lostClients: () => new Map(),
      recordEvent: () => undefined,
      latestWarning: () => Promise.resolve(undefined),
    });
    const deps = {
      cluster,
      activeRunLimiter: new ActiveRunLimiter({}, () => undefined),
      statusWriter: new StatusWriter({
        cluster,
        debouncer: new StatusDebouncer(1_500),
        rateLimiter: new RateLimiter({ everyMs: 60_000, perSecond: 10, random }),
        log,
      }),
      log,
      settings: { admission: true },
      now: () => queue.nowMs,
    };
    queue.move();
    await reconcile("team/reviewer", deps);
    for (let second = 0; second < minutes * 60; second += 1) {
      queue.nowMs = startMs + second * 1000;
      queue.move();
      await reconcile("team/reviewer", deps);
    }
    const moves = queue.writes.filter(({ isMove }) => isMove);
    // The first five, the sixth that becomes the fifth, and ten a second at the most for all others.
    expect(moves.length).toBeLessThanOrEqual(minutes * 60 * (6 + 10));
    const runs = [...queue.runs.values()].filter(({ status }) => status.phase === "Queued");
    const far = runs.filter(({ status }) => (status.queuePosition ?? 0) > 10);
    expect(far.length).toBeGreaterThan(0);
    for (const run of far) {
      const times = moves.filter(({ uid }) => uid === run.uid).map(({ atMs }) => atMs);
      for (const [index, atMs] of times.slice(1).entries())
        expect(atMs - (times[index] ?? 0)).toBeGreaterThanOrEqual(60_000);
      expect(times.length).toBeGreaterThanOrEqual(1);
    }
  },
);
