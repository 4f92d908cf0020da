/**
 * Limits how often the operator lists Events in each namespace. The API server reads all Events of the namespace from
 * etcd for each list, and many agents may wait there for something that only Events explain.
 */

/** Lists of Events per second and namespace. */
const perSecond = 2;
/** Entries of deleted runs are not removed one by one, so the set is limited. */
const maxEntries = 20_000;

export class EventBudget {
  /** Number of lists in this second, per namespace. */
  readonly #used = new Map<string, number>();
  readonly #quoted = new Set<string>();
  #second = 0;

  /** Takes one list from the namespace's budget. Returns false if the budget of this second is used up. */
  tryTake(namespace: string, nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000);
    if (this.#second !== second) this.#used.clear();
    this.#second = second;
    const used = this.#used.get(namespace) ?? 0;
    if (used >= perSecond) return false;
    this.#used.set(namespace, used + 1);
    return true;
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
