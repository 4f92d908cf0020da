/**
 * Some states pass in milliseconds ("Admitting", "Starting"): worth a write only if they last. This remembers since when
 * a run has been seen in one. It is memory that may be lost: the only price is a write, or a second's delay of one.
 */

/** Runs that were deleted while they were in such a state are never forgotten by name. */
const remembered = 20_000;

export class Patience {
  readonly #waitMs: number;
  readonly #seen = new Map<string, { readonly state: string; readonly sinceMs: number }>();

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** How many milliseconds are left before `state` of `uid` is worth a write; 0: write it now. */
  left(uid: string, state: string, nowMs: number): number {
    const seen = this.#seen.get(uid);
    const since = seen?.state === state ? seen.sinceMs : nowMs;
    if (since === nowMs) {
      if (this.#seen.size >= remembered) this.#seen.clear();
      this.#seen.set(uid, { state, sinceMs: nowMs });
    }
    return Math.max(0, since + this.#waitMs - nowMs);
  }

  forget(uid: string): void {
    this.#seen.delete(uid);
  }
}
