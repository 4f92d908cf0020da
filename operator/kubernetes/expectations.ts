/** Stores writes for a few seconds, until the watch shows them, so that they are not repeated. */
export class Expectations {
  readonly #keepMs: number;
  readonly #now: () => number;
  readonly #added = new Map<string, number>();

  constructor(keepMs: number, now: () => number = () => performance.now()) {
    this.#keepMs = keepMs;
    this.#now = now;
  }

  has(uid: string): boolean {
    const at = this.#added.get(uid);
    return at !== undefined && this.#now() - at < this.#keepMs;
  }

  add(uid: string): void {
    const now = this.#now();
    // The map is in order of insertion, so expired entries come first.
    for (const [known, at] of this.#added) {
      if (now - at < this.#keepMs) break;
      this.#added.delete(known);
    }
    this.#added.delete(uid);
    this.#added.set(uid, now);
  }
}
