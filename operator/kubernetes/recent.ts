/** Remembers for a few seconds what was done to whom, until the watch shows it: asking twice would only cost a write. */
export class Recent {
  readonly #keepMs: number;
  readonly #now: () => number;
  readonly #done = new Map<string, number>();

  constructor(keepMs: number, now: () => number = () => performance.now()) {
    this.#keepMs = keepMs;
    this.#now = now;
  }

  has(uid: string): boolean {
    const at = this.#done.get(uid);
    return at !== undefined && this.#now() - at < this.#keepMs;
  }

  add(uid: string): void {
    const now = this.#now();
    // In order of insertion: whatever is too old stands in front.
    for (const [known, at] of this.#done) {
      if (now - at < this.#keepMs) break;
      this.#done.delete(known);
    }
    this.#done.delete(uid);
    this.#done.set(uid, now);
  }
}
