/**
 * Some writes tell a person something and are worth little to anybody else: the place of a run far back in a queue, that a
 * pod is gone whose run is long over. This lets them through: each object at most once in a while, at a moment of its own,
 * and all of them together at a rate that live work does not feel. It is memory that may be lost: the price is a later write.
 */

/** Objects that went away are never forgotten by name. */
const remembered = 20_000;

export interface PaceOptions {
  /** The least time between two such writes to one object. */
  readonly everyMs: number;
  /** Such writes in a second, over all objects. */
  readonly perSecond: number;
  readonly random?: () => number;
}

export class Pace {
  readonly #options: Required<PaceOptions>;
  readonly #dueMs = new Map<string, number>();
  #second = 0;
  #usedInSecond = 0;

  constructor(options: PaceOptions) {
    this.#options = { random: Math.random, ...options };
  }

  /** How many milliseconds are left before the object may be written; 0: write it now, it is counted. */
  left(uid: string, nowMs: number): number {
    const { everyMs, perSecond, random } = this.#options;
    const dueMs = this.#dueMs.get(uid) ?? nowMs + Math.floor(random() * everyMs);
    if (this.#second !== Math.floor(nowMs / 1000)) this.#usedInSecond = 0;
    this.#second = Math.floor(nowMs / 1000);
    const isFree = dueMs <= nowMs && this.#usedInSecond < perSecond;
    this.#remember(uid, isFree ? nowMs + everyMs : dueMs);
    // Hundreds may wait, and a pass looks at all of them: not more than one a second.
    if (!isFree) return Math.max(1_000, dueMs - nowMs);
    this.#usedInSecond += 1;
    return 0;
  }

  #remember(uid: string, dueMs: number): void {
    if (this.#dueMs.size >= remembered && !this.#dueMs.has(uid)) this.#dueMs.clear();
    this.#dueMs.set(uid, dueMs);
  }
}
