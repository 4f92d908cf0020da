/** Label and field selectors of lists and watches. */
import type { StoredObject } from "./object-store.ts";

/** Matches labels and fields at any depth: `key`, `key=value` and `key!=value`. */
export function isSelected(object: StoredObject, query: URLSearchParams): boolean {
  const labels = object.metadata["labels"] as Record<string, unknown> | undefined;
  return (
    matches(query.get("labelSelector"), (key) => labels?.[key]) &&
    matches(query.get("fieldSelector"), (key) => valueAt(object, key.split(".")))
  );
}

function matches(selector: string | null, valueOf: (key: string) => unknown): boolean {
  return (selector ?? "").split(",").every((term) => {
    const [, key = "", operator, wanted = ""] = /^([^!=]*)(!?=)?(.*)$/.exec(term) ?? [];
    if (key === "") return true;
    const value = valueOf(key) ?? "";
    return operator === undefined ? value !== "" : (value === wanted) === (operator === "=");
  });
}

function valueAt(value: unknown, [first, ...rest]: readonly string[]): unknown {
  if (first === undefined || typeof value !== "object" || value === null) return value;
  return valueAt((value as Record<string, unknown>)[first], rest);
}
