/** The objects of the test's API server, with their versions and the history of their changes. */
import { randomUUID } from "node:crypto";
import type { Target } from "./api-request.ts";
import { isSelected } from "./selectors.ts";

/** An object to store: the store adds namespace, uid and resourceVersion. */
export interface NewObject {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

/** A stored object. */
export interface StoredObject extends NewObject {
  readonly metadata: NewObject["metadata"] & { readonly namespace: string; readonly resourceVersion: string };
}

/** A change, and the resource that it belongs to. */
export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly resource: string;
  readonly object: StoredObject;
}

/** The place of an object. */
export type Place = Required<Pick<Target, "resource" | "namespace" | "name">>;

export class ObjectStore {
  /** By place, with the number of the object's creation. */
  readonly #objects = new Map<string, { readonly number: number; readonly resource: string; object: StoredObject }>();
  readonly #history: Change[] = [];
  readonly #onChange: (change: Change) => void;
  #version = 1_000;
  #created = 0;
  #oldest = 0;

  constructor(onChange: (change: Change) => void) {
    this.#onChange = onChange;
  }

  get(place: Place): StoredObject | undefined {
    return this.#objects.get(keyOf(place))?.object;
  }

  /** Returns the objects of a resource in all namespaces, by their creation. */
  all(resource: string): StoredObject[] {
    return [...this.#objects.values()].filter((each) => each.resource === resource).map(({ object }) => object);
  }

  put(resource: string, given: NewObject, namespace: string): StoredObject {
    const key = keyOf({ resource, namespace: given.metadata.namespace ?? namespace, name: given.metadata.name });
    const before = this.#objects.get(key);
    const uid = before?.object.metadata["uid"] ?? randomUUID();
    const metadata = { uid, namespace, ...given.metadata, resourceVersion: String(++this.#version) };
    const object = { ...given, metadata };
    this.#objects.set(key, { number: before?.number ?? ++this.#created, resource, object });
    this.#record({ type: before === undefined ? "ADDED" : "MODIFIED", resource, object });
    return object;
  }

  /** Deletes an object if it exists. */
  remove(place: Place): void {
    const object = this.get(place);
    if (object === undefined) return;
    this.#objects.delete(keyOf(place));
    const metadata = { ...object.metadata, resourceVersion: String(++this.#version) };
    this.#record({ type: "DELETED", resource: place.resource, object: { ...object, metadata } });
  }

  /** Returns a page. As on the API server, it continues after the last object of the page before, whatever changed. */
  page({ resource, namespace }: Target, query: URLSearchParams): { metadata: object; items: StoredObject[] } {
    const after = Number(query.get("continue") ?? 0);
    const found = [...this.#objects.values()].filter(
      (each) =>
        each.resource === resource &&
        each.number > after &&
        (namespace === undefined || each.object.metadata.namespace === namespace) &&
        isSelected(each.object, query),
    );
    const page = found.slice(0, Number(query.get("limit") ?? Infinity));
    const next = page.length < found.length ? { continue: String(page.at(-1)?.number) } : {};
    return {
      metadata: { resourceVersion: String(this.#version), ...next },
      items: page.map(({ object }) => object),
    };
  }

  /** Returns the changes after this version; undefined if the history does not reach back to it. */
  changesAfter(version: number): readonly Change[] | undefined {
    if (version < this.#oldest) return undefined;
    return this.#history.filter(({ object }) => Number(object.metadata.resourceVersion) > version);
  }

  /** Drops the history, like etcd's compaction. */
  compact(): void {
    this.#oldest = ++this.#version;
    this.#history.length = 0;
  }

  #record(change: Change): void {
    this.#history.push(change);
    this.#onChange(change);
  }
}

function keyOf({ resource, namespace, name }: Place): string {
  return `${resource}/${namespace}/${name}`;
}
