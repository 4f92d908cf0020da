/** YAML with hidden characters as escapes: js-yaml writes bidi and zero-width characters unchanged. */
import { randomUUID } from "node:crypto";
import { dump } from "js-yaml";
import { replaceHidden } from "./terminal/hidden.ts";

/** Returns the value as YAML, without a trailing newline. */
export function yamlOf(value: unknown): string {
  // A control character makes js-yaml use double quotes, the only style with escapes. The random mark keeps text of the
  // value from being read as an escape.
  const mark = `\u0001${randomUUID()}:`;
  const marked = (text: string): string => replaceHidden(text, (character) => `${mark}${codeOf(character)};`);
  const text = dump(mapped(value, marked), { lineWidth: -1, noRefs: true }).trimEnd();
  return text.replaceAll(new RegExp(`\\\\x01${mark.slice(1)}([0-9a-f]{8});`, "g"), "\\U$1");
}

/** Returns eight hex digits; U+FFFD for half a surrogate pair, which YAML cannot represent. */
function codeOf(character: string): string {
  return (character.isWellFormed() ? (character.codePointAt(0) ?? 0) : 0xfffd).toString(16).padStart(8, "0");
}

function mapped(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((each) => mapped(each, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [change(key), mapped(each, change)]));
}
