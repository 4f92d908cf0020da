/** A cache of one kind of object by uid, with an index by agent. Whoever is newer wins, by resource version. */
import { agentKey, type AgentKey } from "../domain.ts";

export interface Stored {
  readonly uid: string;
  readonly namespace: string;
  readonly resourceVersion: string;
}

const rememberedGone = 4_000;

/** Told of every change: what was, what is. */
export type OnChange<T> = (change: { readonly before: T | undefined; readonly after: T | undefined }) => void;

export class Store<T extends Stored> {
  readonly #objects = new Map<string, T>();
  readonly #byAgent = new Map<AgentKey, Map<string, T>>();
  /** The newest uids that are gone: a late answer to a write must not bring them back. */
  readonly #gone = new Set<string>();
  readonly #agentOf: (object: T) => string;
  readonly #onChange: OnChange<T>;

  constructor(agentOf: (object: T) => string, onChange: OnChange<T>) {
    this.#agentOf = agentOf;
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** Takes an object in, or (undefined) drops it. Returns true if that was news. */
  put(uid: string, object: T | undefined): boolean {
    if (object === undefined) return this.#drop(uid);
    if (this.#gone.has(uid)) return false;
    const before = this.#objects.get(uid);
    if (before !== undefined && !isNewer(object.resourceVersion, before.resourceVersion)) return false;
    if (before !== undefined) this.#unindex(before);
    this.#objects.set(uid, object);
    const key = this.#key(object);
    const agents = this.#byAgent.get(key) ?? new Map<string, T>();
    agents.set(uid, object);
    this.#byAgent.set(key, agents);
    this.#onChange({ before, after: object });
    return true;
  }

  get(uid: string): T | undefined {
    return this.#objects.get(uid);
  }

  /** The object exists no more. */
  remove(uid: string): boolean {
    this.#gone.add(uid);
    if (this.#gone.size > rememberedGone)
      for (const oldest of [...this.#gone].slice(0, rememberedGone / 2)) this.#gone.delete(oldest);
    return this.#drop(uid);
  }

  #drop(uid: string): boolean {
    const before = this.#objects.get(uid);
    if (before === undefined) return false;
    this.#objects.delete(uid);
    this.#unindex(before);
    this.#onChange({ before, after: undefined });
    return true;
  }

  /** After a full list: what it did not show is gone. */
  keepOnly(uids: ReadonlySet<string>): void {
    for (const uid of [...this.#objects.keys()]) if (!uids.has(uid)) this.remove(uid);
  }

  ofAgent(agent: AgentKey): readonly T[] {
    return [...(this.#byAgent.get(agent)?.values() ?? [])];
  }

  agents(): Iterable<AgentKey> {
    return this.#byAgent.keys();
  }

  #key(object: T): AgentKey {
    return agentKey(object.namespace, this.#agentOf(object));
  }

  #unindex(object: T): void {
    const key = this.#key(object);
    const agents = this.#byAgent.get(key);
    agents?.delete(object.uid);
    if (agents?.size === 0) this.#byAgent.delete(key);
  }
}

/** Resource versions are decimal numbers of any length that can be compared (Kubernetes says so since 1.35). */
function isNewer(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}
