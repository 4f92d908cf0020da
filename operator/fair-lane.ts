/**
 * A queue that is fair between shares (namespaces): shares take turns, and within a share the oldest key is first.
 * Adding, removing and taking have a constant cost.
 */

interface Entry<Key> {
  readonly key: Key;
  readonly share: string;
  readonly sinceMs: number;
}

interface Share<Key> {
  readonly name: string;
  readonly entries: Fifo<Entry<Key>>;
  /** Number of entries without the removed ones. */
  size: number;
}

export class FairLane<Key extends string = string> {
  readonly #shareOf: (key: Key) => string;
  /** The valid entries. Removed ones stay in the queues below until they are taken out. */
  readonly #entries = new Map<Key, Entry<Key>>();
  readonly #shares = new Map<string, Share<Key>>();
  /** Shares in the order of their turns. */
  readonly #turns = new Fifo<Share<Key>>();
  readonly #byAge = new Fifo<Entry<Key>>();

  constructor(shareOf: (key: Key) => string) {
    this.#shareOf = shareOf;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  /** Milliseconds that the oldest key has waited; 0: none waits. */
  get oldestMs(): number {
    for (let oldest = this.#byAge.first; oldest !== undefined; oldest = this.#byAge.first) {
      if (this.#counts(oldest)) return performance.now() - oldest.sinceMs;
      this.#byAge.shift();
    }
    return 0;
  }

  /** Adds a key that is not in the queue yet. */
  add(key: Key): void {
    const name = this.#shareOf(key);
    const entry = { key, share: name, sinceMs: performance.now() };
    let share = this.#shares.get(name);
    if (share === undefined) {
      share = { name, entries: new Fifo(), size: 0 };
      this.#shares.set(name, share);
      this.#turns.push(share);
    }
    share.size += 1;
    share.entries.push(entry);
    this.#byAge.push(entry);
    this.#entries.set(key, entry);
    this.#compact(share.entries, share.size);
    this.#compact(this.#byAge, this.size);
  }

  remove(key: Key): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    const share = this.#shares.get(entry.share);
    if (share !== undefined) share.size -= 1;
  }

  /** Takes the oldest key of the next share that `mayTake` accepts. */
  take(mayTake: (share: string) => boolean = () => true): Key | undefined {
    const passedOver: Share<Key>[] = [];
    let taken: Key | undefined;
    for (let share = this.#turns.shift(); share !== undefined; share = this.#turns.shift()) {
      if (share.size === 0) {
        this.#shares.delete(share.name);
      } else if (mayTake(share.name)) {
        taken = this.#takeFrom(share);
        break;
      } else passedOver.push(share);
    }
    this.#turns.unshift(passedOver);
    return taken;
  }

  clear(): void {
    for (const state of [this.#entries, this.#shares, this.#turns, this.#byAge]) state.clear();
  }

  #takeFrom(share: Share<Key>): Key | undefined {
    for (let entry = share.entries.shift(); entry !== undefined; entry = share.entries.shift()) {
      if (!this.#counts(entry)) continue;
      this.remove(entry.key);
      if (share.size > 0) this.#turns.push(share);
      else this.#shares.delete(share.name);
      return entry.key;
    }
    return undefined;
  }

  /** Drops removed entries once they are the majority. */
  #compact(queue: Fifo<Entry<Key>>, size: number): void {
    if (queue.length > 2 * size + 1_000) queue.keep((entry) => this.#counts(entry));
  }

  #counts(entry: Entry<Key>): boolean {
    return this.#entries.get(entry.key) === entry;
  }
}

/** First in, first out, with a constant cost: an array and the index of its first item. */
class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get first(): T | undefined {
    return this.#items[this.#head];
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  keep(isKept: (item: T) => boolean): void {
    this.#items = this.#items.slice(this.#head).filter((item) => item !== undefined && isKept(item));
    this.#head = 0;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (this.#head < this.#items.length) {
      this.#items[this.#head] = undefined;
      this.#head += 1;
    }
    if (this.#head > 1_000 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Puts shifted items back, in their order. */
  unshift(items: readonly T[]): void {
    if (items.length === 0) return;
    if (items.length > this.#head) {
      this.#items = [...items, ...this.#items.slice(this.#head)];
      this.#head = 0;
      return;
    }
    this.#head -= items.length;
    for (const [index, item] of items.entries()) this.#items[this.#head + index] = item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
