/**
 * A keyed work queue: one key is in flight once, re-adds collapse, a failing key backs off by itself. Keys wait in lanes:
 * an end to record goes first, so that results never wait behind a burst of creations; then what is new, as others (the
 * Job controller, the scheduler) have work to do on it meanwhile; then all the rest.
 */

/** In the order in which they are served. */
const lanes = ["end", "new", "rest"] as const;
export type Lane = (typeof lanes)[number];

/** What of the rest has waited for so long takes turns with what is new: who creates without pause must not starve it. */
const restPatienceMs = 15_000;
const restFirst: readonly Lane[] = ["end", "rest", "new"];

export interface QueueOptions {
  readonly concurrency: number;
  /** So many workers more serve the lane of ends only: when all others are busy with creations, an end is still recorded. */
  readonly endConcurrency?: number;
  /** Called once for every failed pass; the key is tried again after delayMs. */
  readonly onError: (key: string, error: unknown, delayMs: number) => void;
  readonly baseDelayMs?: number;
  readonly maxDelayMs?: number;
  readonly random?: () => number;
}

/** An error that knows when it makes sense to try again (a conflict: at once; Retry-After: then). */
export interface Retryable {
  readonly retryAfterMs?: number;
}

export class WorkQueue {
  readonly #work: (key: string) => Promise<{ readonly again?: number } | undefined>;
  readonly #options: Required<QueueOptions>;
  /** Keys and since when they wait, the oldest first. A key stands in one lane only. */
  readonly #waiting: Readonly<Record<Lane, Map<string, number>>> = { end: new Map(), new: new Map(), rest: new Map() };
  /** Passes in flight and since when, the oldest first. */
  readonly #running = new Map<string, number>();
  /** Keys that were added while they ran, and the first of the lanes that were asked for. */
  readonly #dirty = new Map<string, Lane>();
  readonly #timers = new Map<string, { readonly atMs: number; readonly timer: NodeJS.Timeout }>();
  readonly #failures = new Map<string, number>();
  #tookNew = false;
  #stopping = false;
  readonly #idle = Promise.withResolvers<undefined>();

  /** `work` returns in how many milliseconds the key is to be looked at again, if nothing wakes it before. */
  constructor(work: (key: string) => Promise<{ readonly again?: number } | undefined>, options: QueueOptions) {
    this.#work = work;
    this.#options = { endConcurrency: 0, baseDelayMs: 50, maxDelayMs: 60_000, random: Math.random, ...options };
  }

  /** Keys that wait for a worker. */
  get depth(): number {
    return lanes.reduce((sum, lane) => sum + this.#waiting[lane].size, 0);
  }

  /** How long the first of them has waited; 0: none does. */
  get oldestMs(): number {
    return Math.max(...lanes.map((lane) => ageMs(this.#waiting[lane])));
  }

  /** How long the longest pass in flight has taken so far; 0: none is. */
  get longestPassMs(): number {
    return ageMs(this.#running);
  }

  /** Adds a key; one that waits already moves only if this lane is served earlier than its own. */
  add(key: string, lane: Lane = "rest"): void {
    if (this.#stopping) return;
    if (this.#running.has(key)) {
      this.#dirty.set(key, earlier(lane, this.#dirty.get(key)));
      return;
    }
    const known = lanes.find((each) => this.#waiting[each].has(key));
    if (known !== undefined && earlier(lane, known) === known) return;
    if (known !== undefined) this.#waiting[known].delete(key);
    this.#waiting[lane].set(key, performance.now());
    this.#serve();
  }

  /** Adds the key later; of several times the earliest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#stopping) return;
    const atMs = Date.now() + delayMs;
    const known = this.#timers.get(key);
    if (known !== undefined && known.atMs <= atMs) return;
    clearTimeout(known?.timer);
    // A timer holds 32 bits of milliseconds; a longer wait is cut, and the key finds out that it is too early.
    const timer = setTimeout(
      () => {
        this.#timers.delete(key);
        this.add(key);
      },
      Math.min(delayMs, 2 ** 31 - 1),
    );
    this.#timers.set(key, { atMs, timer });
  }

  /** Forgets all that waits; the passes in flight finish. */
  clear(): void {
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    for (const lane of lanes) this.#waiting[lane].clear();
    this.#dirty.clear();
    this.#failures.clear();
  }

  /** Takes no more work and waits for the passes in flight. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.clear();
    if (this.#running.size > 0) await this.#idle.promise;
  }

  get #lanes(): readonly Lane[] {
    if (!this.#tookNew) return lanes;
    const [since] = this.#waiting.rest.values();
    return since !== undefined && performance.now() - since > restPatienceMs ? restFirst : lanes;
  }

  #serve(): void {
    const { concurrency, endConcurrency } = this.#options;
    while (this.#running.size < concurrency + endConcurrency) {
      const key = this.#take(this.#running.size < concurrency ? this.#lanes : ["end"]);
      if (key === undefined) return;
      this.#running.set(key, performance.now());
      void this.#run(key);
    }
  }

  /** Takes the oldest key of the first lane that has one. */
  #take(from: readonly Lane[]): string | undefined {
    for (const lane of from) {
      for (const key of this.#waiting[lane].keys()) {
        this.#waiting[lane].delete(key);
        if (lane !== "end") this.#tookNew = lane === "new";
        return key;
      }
    }
    return undefined;
  }

  async #run(key: string): Promise<void> {
    try {
      const result = await this.#work(key);
      this.#failures.delete(key);
      if (result?.again !== undefined) this.addAfter(key, result.again);
    } catch (error) {
      const delayMs = this.#delayMs(key, error);
      this.#options.onError(key, error, delayMs);
      this.addAfter(key, delayMs);
    } finally {
      this.#running.delete(key);
      const dirty = this.#dirty.get(key);
      this.#dirty.delete(key);
      if (dirty !== undefined) this.add(key, dirty);
      this.#serve();
      if (this.#stopping && this.#running.size === 0) this.#idle.resolve(undefined);
    }
  }

  #delayMs(key: string, error: unknown): number {
    const asked = (error as Retryable | undefined)?.retryAfterMs;
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const cap = Math.min(this.#options.maxDelayMs, this.#options.baseDelayMs * 2 ** Math.min(failures, 20));
    const backoff = cap / 2 + this.#options.random() * (cap / 2);
    return Math.max(asked ?? 0, backoff);
  }
}

/** Of the first entry, which is the oldest; 0: there is none. */
function ageMs(since: ReadonlyMap<string, number>): number {
  const [oldestMs] = since.values();
  return oldestMs === undefined ? 0 : performance.now() - oldestMs;
}

function earlier(lane: Lane, other: Lane | undefined): Lane {
  return other === undefined || lanes.indexOf(lane) < lanes.indexOf(other) ? lane : other;
}
