/**
 * Delays writes of states that may last only milliseconds ("Admitting", "Starting"). It stores since when a run has
 * been in such a state. The state is lost on a restart, which costs one write, or delays it.
 */

/** Entries of deleted runs are not removed one by one, so the map is limited. */
const maxRuns = 20_000;

export class StatusDebouncer {
  readonly #waitMs: number;
  readonly #seen = new Map<string, { readonly state: string; readonly sinceMs: number }>();

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** Milliseconds until `state` of the run has lasted long enough to be written; 0: write it now. */
  touch(uid: string, state: string, nowMs: number): number {
    const seen = this.#seen.get(uid);
    const since = seen?.state === state ? seen.sinceMs : nowMs;
    if (since === nowMs) {
      if (this.#seen.size >= maxRuns) this.#seen.clear();
      this.#seen.set(uid, { state, sinceMs: nowMs });
    }
    return Math.max(0, since + this.#waitMs - nowMs);
  }

  forget(uid: string): void {
    this.#seen.delete(uid);
  }
}
