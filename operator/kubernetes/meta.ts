/** Reads metadata of objects. Users may have written any label or annotation. */
import { annotations, labels } from "../../crds/names.ts";
import type { Pod } from "../domain.ts";

/** The part of the metadata that the operator reads. */
export interface Meta {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly {
    readonly apiVersion?: string;
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
    readonly controller?: boolean;
  }[];
}

const maxUidLength = 64;

/** The fields that every object of the domain has. */
export function identity(
  meta: Meta,
): Pick<Pod, "namespace" | "name" | "uid" | "resourceVersion" | "createdMs" | "isDeleting"> {
  return {
    namespace: meta.namespace ?? "",
    name: meta.name ?? "",
    uid: meta.uid ?? "",
    resourceVersion: meta.resourceVersion ?? "",
    createdMs: Date.parse(meta.creationTimestamp ?? ""),
    isDeleting: meta.deletionTimestamp !== undefined,
  };
}

/** The run and attempt of a Job or pod. */
export type Origin = Pick<Pod, "agent" | "runName" | "runUid" | "attempt">;

/** Returns the run and attempt in the labels and annotations. */
export function origin(meta: Meta): Origin {
  return {
    agent: meta.labels?.[labels.agent] ?? "",
    runName: meta.labels?.[labels.run] ?? "",
    runUid: uidOf(meta.annotations?.[annotations.runUid]),
    // Attempts start at 1, so 0 means invalid.
    attempt: wholeNumber(meta.annotations?.[annotations.attempt] ?? "1"),
  };
}

/** Rejects annotations that are longer than a uid, because the cache would keep them. */
function uidOf(annotation = ""): string {
  return annotation.length <= maxUidLength ? annotation : "";
}

/** Returns the whole number in an annotation; 0 if it is invalid. */
export function wholeNumber(text: string): number {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : 0;
}

/** Returns the named fields that are not undefined. */
export function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): { [P in K]: T[P] } {
  return Object.fromEntries(keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]])) as {
    [P in K]: T[P];
  };
}
