/**
 * Some states pass in milliseconds ("Admitting", "Starting"): worth a write only if they last. This remembers since when
 * a run has been seen in one. It is memory that may be lost: the only price is a write, or a second's delay of one.
 */
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
    if (since === nowMs) this.#seen.set(uid, { state, sinceMs: nowMs });
    return Math.max(0, since + this.#waitMs - nowMs);
  }

  forget(uid: string): void {
    this.#seen.delete(uid);
  }
}
