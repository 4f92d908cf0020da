/**
 * A keyed work queue: one key is in flight once, re-adds collapse, a failing key backs off by itself. Urgent keys (an
 * end to record) go ahead of all others, so that results never wait behind a burst of creations.
 */
export interface QueueOptions {
  readonly concurrency: number;
  /** So many workers more serve urgent keys only: when all others are busy with creations, an end is still recorded. */
  readonly urgentConcurrency?: number;
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
  /** Insertion-ordered: the oldest key is served first. */
  readonly #urgent = new Set<string>();
  readonly #ready = new Set<string>();
  readonly #running = new Set<string>();
  /** Keys that were added while they ran; true if urgently. */
  readonly #dirty = new Map<string, boolean>();
  readonly #timers = new Map<string, { readonly atMs: number; readonly timer: NodeJS.Timeout }>();
  readonly #failures = new Map<string, number>();
  #stopping = false;
  readonly #idle = Promise.withResolvers<undefined>();

  /** `work` returns in how many milliseconds the key is to be looked at again, if nothing wakes it before. */
  constructor(work: (key: string) => Promise<{ readonly again?: number } | undefined>, options: QueueOptions) {
    this.#work = work;
    this.#options = { urgentConcurrency: 0, baseDelayMs: 50, maxDelayMs: 60_000, random: Math.random, ...options };
  }

  /** Keys that wait for a worker. */
  get depth(): number {
    return this.#urgent.size + this.#ready.size;
  }

  add(key: string, urgent = false): void {
    if (this.#stopping) return;
    if (this.#running.has(key)) {
      this.#dirty.set(key, urgent || this.#dirty.get(key) === true);
      return;
    }
    if (urgent) {
      this.#ready.delete(key);
      this.#urgent.add(key);
    } else if (!this.#urgent.has(key)) {
      this.#ready.add(key);
    }
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
    this.#urgent.clear();
    this.#ready.clear();
    this.#dirty.clear();
    this.#failures.clear();
  }

  /** Takes no more work and waits for the passes in flight. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.clear();
    if (this.#running.size > 0) await this.#idle.promise;
  }

  #serve(): void {
    const { concurrency, urgentConcurrency } = this.#options;
    while (this.#running.size < concurrency + urgentConcurrency) {
      const lanes = this.#running.size < concurrency ? [this.#urgent, this.#ready] : [this.#urgent];
      const key = first(lanes);
      if (key === undefined) return;
      this.#running.add(key);
      void this.#run(key);
    }
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

/** Takes the oldest key of the first lane that has one. */
function first(lanes: readonly Set<string>[]): string | undefined {
  for (const lane of lanes) {
    for (const key of lane) {
      lane.delete(key);
      return key;
    }
  }
  return undefined;
}
