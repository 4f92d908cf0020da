/**
 * Makes values storable for the host. Its database rejects NUL and halves of surrogate pairs in text and jsonb. It
 * walks values recursively, so depth and size are limited, and no key can reach a prototype.
 */

const maxDepth = 24;
const maxItems = 1_000;
const maxTextLength = 262_144;
/** Maximum number of characters in all texts of a value. */
const maxTotalLength = 1_048_576;
const truncationMark = "… [cut by the adapter]";
const prototypeKeys = new Set(["__proto__", "constructor", "prototype"]);

/** Replaces NUL and halves of surrogate pairs by U+FFFD. */
export function storableText(text: string): string {
  return text.replaceAll("\0", "\uFFFD").toWellFormed();
}

/** Returns a copy of JSON types only, limited in depth and size. */
export function storable<T>(value: T): T {
  return copy(value, { remaining: maxTotalLength }, 0) as T;
}

function copy(value: unknown, budget: { remaining: number }, depth: number): unknown {
  if (typeof value === "string") return truncate(value, budget);
  budget.remaining -= 1;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "object" || value === null) return typeof value === "boolean" ? value : null;
  if (depth >= maxDepth || budget.remaining <= 0) return truncationMark;
  if (Array.isArray(value)) return value.slice(0, maxItems).map((each: unknown) => copy(each, budget, depth + 1));
  const entries = Object.entries(value).filter(([key, each]) => each !== undefined && !prototypeKeys.has(key));
  return Object.fromEntries(
    entries.slice(0, maxItems).map(([key, each]) => [truncate(key, budget), copy(each, budget, depth + 1)]),
  );
}

function truncate(text: string, budget: { remaining: number }): string {
  const length = Math.max(0, Math.min(maxTextLength, budget.remaining));
  budget.remaining -= Math.min(text.length, length) + 1;
  return storableText(text.length <= length ? text : `${text.slice(0, length)}${truncationMark}`);
}
