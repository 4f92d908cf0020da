/**
 * Limits how often the operator lists Events in each namespace. The API server reads all Events of the namespace from
 * etcd for each list, and many agents may wait there for something that only Events explain. They take turns: without
 * turns, runs that were created together would poll together, and only the first ones would ever be explained in time.
 */

/** Time between two lists of a namespace's Events. */
const intervalMs = 500;
/** Entries of deleted runs and namespaces are not removed one by one, so each map is limited. */
const maxEntries = 20_000;

export class EventBudget {
  /** The first moment without a reservation, by namespace. */
  readonly #freeAtMs = new Map<string, number>();
  /** Reserved turns, by the run's uid. */
  readonly #turnAtMs = new Map<string, number>();
  readonly #quoted = new Set<string>();

  /** Milliseconds until it is the run's turn to list Events; 0: now, and the turn is used up. */
  reserve({ namespace, uid }: { readonly namespace: string; readonly uid: string }, nowMs: number): number {
    const atMs = this.#turnAtMs.get(uid) ?? this.#nextTurn(namespace, nowMs);
    if (atMs > nowMs) {
      set(this.#turnAtMs, uid, atMs);
      return atMs - nowMs;
    }
    this.#turnAtMs.delete(uid);
    return 0;
  }

  #nextTurn(namespace: string, nowMs: number): number {
    const atMs = Math.max(nowMs, this.#freeAtMs.get(namespace) ?? 0);
    set(this.#freeAtMs, namespace, atMs + intervalMs);
    return atMs;
  }

  /** True if the run's status quotes an Event. It keeps the quote until the next list. */
  hasQuoted(uid: string): boolean {
    return this.#quoted.has(uid);
  }

  /** Stores whether an Event explained the run's wait. */
  setQuoted(uid: string, isQuoted: boolean): void {
    if (this.#quoted.size >= maxEntries) this.#quoted.clear();
    if (isQuoted) this.#quoted.add(uid);
    else this.#quoted.delete(uid);
  }
}

function set(map: Map<string, number>, key: string, value: number): void {
  if (map.size >= maxEntries && !map.has(key)) map.clear();
  map.set(key, value);
}
