/** Variables of the container, from the command line. */
import { usageError } from "../errors.ts";

/** Parses "NAME=VALUE". Everyone who can read runs sees the value: secrets belong into --credentials. */
export function parseVariable(word: string): { readonly name: string; readonly value: string } {
  const at = word.indexOf("=");
  if (at < 1) throw usageError(`--env ${word}: must be NAME=VALUE`);
  return { name: word.slice(0, at), value: word.slice(at + 1) };
}

/** Parses "key=value" of a label. */
export function parseLabel(word: string): readonly [string, string] {
  const at = word.indexOf("=");
  if (at < 1) throw usageError(`--label ${word}: must be KEY=VALUE`);
  return [word.slice(0, at), word.slice(at + 1)];
}
