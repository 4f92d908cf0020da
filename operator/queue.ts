/**
 * A keyed work queue. A key is in flight at most once, repeated adds collapse, and a failing key backs off by itself.
 * There are three lanes:
 *
 * - "end": results to record, which never wait behind a burst of creations;
 * - "new": new runs, because the Job controller and the scheduler work on them in parallel;
 * - "rest": everything else.
 *
 * Within a lane shares (namespaces) take turns, so that 10,000 keys of one share do not delay the one key of another.
 */
import { backoffMs } from "../kube/backoff.ts";
import { FairLane } from "./fair-lane.ts";

/** The lanes in the order in which they are served. */
const lanes = ["end", "new", "rest"] as const;
export type Lane = (typeof lanes)[number];

/** A key of "rest" that has waited this long alternates with new ones, so that a busy creator cannot starve it. */
const maxRestWaitMs = 15_000;
const restFirst: readonly Lane[] = ["end", "rest", "new"];

export interface QueueOptions<Key extends string> {
  readonly concurrency: number;
  /** Extra workers for the lane "end": an end is recorded even if all other workers are busy with creations. */
  readonly endConcurrency?: number;
  /** Extra workers for shares with nothing in flight: slow reconciles of one share do not delay others. */
  readonly spareConcurrency?: number;
  /** Returns the share of a key; by default the part before its first slash. */
  readonly shareOf?: (key: Key) => string;
  /** Called once for every failed reconcile; the key is retried after delayMs. */
  readonly onError: (key: Key, error: unknown, delayMs: number) => void;
  readonly baseDelayMs?: number;
  readonly maxDelayMs?: number;
  readonly random?: () => number;
}

/** An error with a time for the next try, such as one with Retry-After. */
export interface Retryable {
  readonly retryAfterMs?: number;
}

export class WorkQueue<Key extends string = string> {
  readonly #work: (key: Key) => Promise<{ readonly requeueAfterMs?: number } | undefined>;
  readonly #options: Required<QueueOptions<Key>>;
  /** A key waits in one lane only. */
  readonly #waiting: Readonly<Record<Lane, FairLane<Key>>>;
  /** Keys in flight and their start times, the oldest first. */
  readonly #running = new Map<Key, number>();
  /** Number of keys in flight per share. */
  readonly #runningOf = new Map<string, number>();
  /** Keys that spare workers serve. */
  readonly #spare = new Set<Key>();
  /** Keys that were added while in flight, and the earliest of the requested lanes. */
  readonly #dirty = new Map<Key, Lane>();
  readonly #timers = new Map<Key, { readonly atMs: number; readonly timer: NodeJS.Timeout }>();
  readonly #failures = new Map<Key, number>();
  #tookNew = false;
  #stopping = false;
  readonly #idle = Promise.withResolvers<undefined>();

  /** `work` reconciles a key. It may return the milliseconds until the next reconcile. */
  constructor(
    work: (key: Key) => Promise<{ readonly requeueAfterMs?: number } | undefined>,
    options: QueueOptions<Key>,
  ) {
    this.#work = work;
    const defaults = { endConcurrency: 0, spareConcurrency: 0, baseDelayMs: 50, maxDelayMs: 60_000 };
    this.#options = { ...defaults, shareOf: beforeSlash, random: Math.random, ...options };
    const lane = (): FairLane<Key> => new FairLane(this.#options.shareOf);
    this.#waiting = { end: lane(), new: lane(), rest: lane() };
  }

  /** Number of keys that wait for a worker. */
  get depth(): number {
    return lanes.reduce((sum, lane) => sum + this.#waiting[lane].size, 0);
  }

  /** Milliseconds that the oldest of them has waited; 0: none waits. */
  get oldestMs(): number {
    return Math.max(...lanes.map((lane) => this.#waiting[lane].oldestMs));
  }

  /** Milliseconds since the start of the longest reconcile in flight; 0: none is. */
  get longestReconcileMs(): number {
    const [oldestMs] = this.#running.values();
    return oldestMs === undefined ? 0 : performance.now() - oldestMs;
  }

  /** Adds a key. A key that waits already only moves to an earlier lane. */
  add(key: Key, lane: Lane = "rest"): void {
    if (this.#stopping) return;
    if (this.#running.has(key)) {
      this.#dirty.set(key, earlier(lane, this.#dirty.get(key)));
      return;
    }
    const known = lanes.find((each) => this.#waiting[each].has(key));
    if (known !== undefined && earlier(lane, known) === known) return;
    if (known !== undefined) this.#waiting[known].remove(key);
    this.#waiting[lane].add(key);
    this.#serve();
  }

  /** Adds the key later; the earliest of several times counts. */
  addAfter(key: Key, delayMs: number): void {
    if (this.#stopping) return;
    const atMs = Date.now() + delayMs;
    const known = this.#timers.get(key);
    if (known !== undefined && known.atMs <= atMs) return;
    clearTimeout(known?.timer);
    // A timer has 31 bits of milliseconds. A longer wait ends early, and the reconcile asks for the rest.
    const timer = setTimeout(
      () => {
        this.#timers.delete(key);
        this.add(key);
      },
      Math.min(delayMs, 2 ** 31 - 1),
    );
    this.#timers.set(key, { atMs, timer });
  }

  /** Removes all waiting keys; reconciles in flight finish. */
  clear(): void {
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    for (const lane of lanes) this.#waiting[lane].clear();
    this.#dirty.clear();
    this.#failures.clear();
  }

  /** Accepts no more keys, and waits for the reconciles in flight. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.clear();
    if (this.#running.size > 0) await this.#idle.promise;
  }

  get #lanes(): readonly Lane[] {
    return this.#tookNew && this.#waiting.rest.oldestMs > maxRestWaitMs ? restFirst : lanes;
  }

  #serve(): void {
    for (let key = this.#next(); key !== undefined; key = this.#next()) {
      const share = this.#options.shareOf(key);
      this.#running.set(key, performance.now());
      this.#runningOf.set(share, (this.#runningOf.get(share) ?? 0) + 1);
      void this.#run(key);
    }
  }

  /** Takes the next key that a free worker may serve. */
  #next(): Key | undefined {
    const { concurrency, endConcurrency, spareConcurrency } = this.#options;
    const busy = this.#running.size - this.#spare.size;
    if (busy < concurrency) return this.#take(this.#lanes);
    const end = busy < concurrency + endConcurrency ? this.#take(["end"]) : undefined;
    if (end !== undefined || this.#spare.size >= spareConcurrency) return end;
    const key = this.#take(this.#lanes, (share) => !this.#runningOf.has(share));
    if (key !== undefined) this.#spare.add(key);
    return key;
  }

  /** Takes a key of the first lane that has one. */
  #take(from: readonly Lane[], mayTake?: (share: string) => boolean): Key | undefined {
    for (const lane of from) {
      const key = this.#waiting[lane].take(mayTake);
      if (key === undefined) continue;
      if (lane !== "end") this.#tookNew = lane === "new";
      return key;
    }
    return undefined;
  }

  #ended(key: Key): void {
    const share = this.#options.shareOf(key);
    const left = (this.#runningOf.get(share) ?? 0) - 1;
    if (left > 0) this.#runningOf.set(share, left);
    else this.#runningOf.delete(share);
    this.#running.delete(key);
    this.#spare.delete(key);
  }

  async #run(key: Key): Promise<void> {
    try {
      const result = await this.#work(key);
      this.#failures.delete(key);
      if (result?.requeueAfterMs !== undefined) this.addAfter(key, result.requeueAfterMs);
    } catch (error) {
      const delayMs = this.#delayMs(key, error);
      this.#options.onError(key, error, delayMs);
      this.addAfter(key, delayMs);
    } finally {
      this.#ended(key);
      const dirty = this.#dirty.get(key);
      this.#dirty.delete(key);
      if (dirty !== undefined) this.add(key, dirty);
      this.#serve();
      if (this.#stopping && this.#running.size === 0) this.#idle.resolve(undefined);
    }
  }

  #delayMs(key: Key, error: unknown): number {
    const asked = (error as Retryable | undefined)?.retryAfterMs;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const { baseDelayMs: baseMs, maxDelayMs: maxMs, random } = this.#options;
    return Math.max(asked ?? 0, backoffMs(failures, { baseMs, maxMs, random }));
  }
}

function beforeSlash(key: string): string {
  const end = key.indexOf("/");
  return end < 0 ? "" : key.slice(0, end);
}

function earlier(lane: Lane, other: Lane | undefined): Lane {
  return other === undefined || lanes.indexOf(lane) < lanes.indexOf(other) ? lane : other;
}
