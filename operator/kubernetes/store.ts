/** A cache of one kind of object by uid, with an index by agent. The newer resource version wins. */
import { agentKey, type AgentKey } from "../domain.ts";

export interface Stored {
  readonly uid: string;
  readonly namespace: string;
  readonly resourceVersion: string;
}

const maxDeleted = 4_000;

/** Called for every change. */
export type OnChange<T> = (change: { readonly before: T | undefined; readonly after: T | undefined }) => void;

export class Store<T extends Stored> {
  readonly #objects = new Map<string, T>();
  readonly #byAgent = new Map<AgentKey, Map<string, T>>();
  /** Uids and versions of the last deletions, so that a late answer to a write does not restore an object. */
  readonly #deleted = new Map<string, string>();
  readonly #agentOf: (object: T) => string;
  readonly #onChange: OnChange<T>;

  constructor(agentOf: (object: T) => string, onChange: OnChange<T>) {
    this.#agentOf = agentOf;
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** Stores an object, or (undefined) drops it. Returns true if that changed the cache. */
  put(uid: string, object: T | undefined): boolean {
    if (object === undefined) return this.#drop(uid);
    const deletedAt = this.#deleted.get(uid);
    if (deletedAt !== undefined && isNewer(deletedAt, object.resourceVersion)) return false;
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
   * Removes an object that was deleted at a version. A watch with a selector sends DELETED also when a label is
   * removed: then the object has this very version, which a read may return, and newer ones may follow.
   */
  remove(uid: string, version: string): boolean {
    this.#deleted.delete(uid);
    this.#deleted.set(uid, version);
    if (this.#deleted.size > maxDeleted)
      for (const oldest of [...this.#deleted.keys()].slice(0, maxDeleted / 2)) this.#deleted.delete(oldest);
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
   * Removes the objects that a full list of a version, of all namespaces or of one, did not contain. Newer objects,
   * from answers to writes during the list, are kept. Returns the number of removed objects.
   */
  keepOnly(
    uids: ReadonlySet<string>,
    list: { readonly version: string; readonly namespace?: string | undefined },
  ): number {
    const { version, namespace } = list;
    const deleted = [...this.#objects.values()].filter(
      (object) =>
        !uids.has(object.uid) &&
        !isNewer(object.resourceVersion, version) &&
        (namespace === undefined || object.namespace === namespace),
    );
    for (const { uid } of deleted) this.remove(uid, version);
    return deleted.length;
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

/** Resource versions are decimal numbers of any length, which are comparable since Kubernetes 1.35. */
function isNewer(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}
