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
  /** The uids that went last, and at which version: a late answer to a write must not bring them back. */
  readonly #gone = new Map<string, string>();
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
    const goneAt = this.#gone.get(uid);
    if (goneAt !== undefined && !isNewer(object.resourceVersion, goneAt)) return false;
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

  /**
   * The object is gone as of a version. A newer one of the same uid may still come: a watch with a selector says
   * DELETED too when a label was taken off, and ADDED when it was put back.
   */
  remove(uid: string, version: string): boolean {
    this.#gone.delete(uid);
    this.#gone.set(uid, version);
    if (this.#gone.size > rememberedGone)
      for (const oldest of [...this.#gone.keys()].slice(0, rememberedGone / 2)) this.#gone.delete(oldest);
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

  /**
   * After a full list of a version, of all namespaces or of one: what it did not show is gone, but for what is newer than the list (the answer to a
   * write while it was read). Returns how many went.
   */
  keepOnly(
    uids: ReadonlySet<string>,
    list: { readonly version: string; readonly namespace?: string | undefined },
  ): number {
    const { version, namespace } = list;
    const gone = [...this.#objects.values()].filter(
      (object) =>
        !uids.has(object.uid) &&
        !isNewer(object.resourceVersion, version) &&
        (namespace === undefined || object.namespace === namespace),
    );
    for (const { uid } of gone) this.remove(uid, version);
    return gone.length;
  }

  ofAgent(agent: AgentKey): readonly T[] {
    return [...(this.#byAgent.get(agent)?.values() ?? [])];
  }

  all(): Iterable<T> {
    return this.#objects.values();
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
