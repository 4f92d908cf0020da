/** What is read of every object's metadata, and of other fields that anybody can have written. */
import { annotations, labels } from "../../crds/names.ts";
import type { Pod } from "../domain.ts";

/** The part of an object's metadata that is read. */
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
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
    readonly controller?: boolean;
  }[];
}

/** What every object of the domain has. */
export function identity(
  meta: Meta,
): Pick<Pod, "namespace" | "name" | "uid" | "resourceVersion" | "createdMs" | "deleting"> {
  return {
    namespace: meta.namespace ?? "",
    name: meta.name ?? "",
    uid: meta.uid ?? "",
    resourceVersion: meta.resourceVersion ?? "",
    createdMs: Date.parse(meta.creationTimestamp ?? ""),
    deleting: meta.deletionTimestamp !== undefined,
  };
}

/** Which run and attempt a Job or pod was made for. */
export function origin(meta: Meta): Pick<Pod, "agent" | "runName" | "runUid" | "attempt"> {
  return {
    agent: meta.labels?.[labels.agent] ?? "",
    runName: meta.labels?.[labels.run] ?? "",
    runUid: meta.annotations?.[annotations.runUid] ?? "",
    // A user can have written anything there; 0 is no run's attempt.
    attempt: wholeNumber(meta.annotations?.[annotations.attempt] ?? "1"),
  };
}

/** The number in an annotation; 0 for what is none. */
export function wholeNumber(text: string): number {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : 0;
}

/** The named fields that are there: exactOptionalPropertyTypes wants no undefined. */
export function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): { [P in K]: T[P] } {
  return Object.fromEntries(keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]])) as {
    [P in K]: T[P];
  };
}
