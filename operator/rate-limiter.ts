/**
 * Limits writes that are only information for users: a queue position far back, or that the pod of a finished run was
 * deleted. Each object is written at most once in an interval, at a random moment, and all together at a low rate, so
 * that active runs do not wait. The state is lost on a restart, which only delays writes.
 */

/** Entries of deleted objects are not removed one by one, so the map is limited. */
const maxObjects = 20_000;

export interface RateLimiterOptions {
  /** Least time between two writes of one object. */
  readonly everyMs: number;
  /** Maximum number of writes per second, over all objects. */
  readonly perSecond: number;
  readonly random?: () => number;
}

export class RateLimiter {
  readonly #options: Required<RateLimiterOptions>;
  readonly #dueMs = new Map<string, number>();
  #second = 0;
  #usedInSecond = 0;

  constructor(options: RateLimiterOptions) {
    this.#options = { random: Math.random, ...options };
  }

  /** Milliseconds until the object may be written; 0: now, and the write is counted. */
  reserve(uid: string, nowMs: number): number {
    const { everyMs, perSecond, random } = this.#options;
    const dueMs = this.#dueMs.get(uid) ?? nowMs + Math.floor(random() * everyMs);
    if (this.#second !== Math.floor(nowMs / 1000)) this.#usedInSecond = 0;
    this.#second = Math.floor(nowMs / 1000);
    const isFree = dueMs <= nowMs && this.#usedInSecond < perSecond;
    this.#store(uid, isFree ? nowMs + everyMs : dueMs);
    // Hundreds may wait, and a reconcile handles all of an agent: at most one reconcile per second.
    if (!isFree) return Math.max(1_000, dueMs - nowMs);
    this.#usedInSecond += 1;
    return 0;
  }

  #store(uid: string, dueMs: number): void {
    if (this.#dueMs.size >= maxObjects && !this.#dueMs.has(uid)) this.#dueMs.clear();
    this.#dueMs.set(uid, dueMs);
  }
}
