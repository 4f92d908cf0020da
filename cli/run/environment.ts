/** Variables of the container, from the command line. */
import { misuse } from "../problem.ts";

/** "NAME=VALUE" as the pod takes it. The word is visible to whoever may read runs: secrets belong into --credentials. */
export function variableOf(word: string): { readonly name: string; readonly value: string } {
  const at = word.indexOf("=");
  if (at < 1) throw misuse(`--env ${word}: must be NAME=VALUE`);
  return { name: word.slice(0, at), value: word.slice(at + 1) };
}

/** "key=value" of a label. */
export function labelOf(word: string): readonly [string, string] {
  const at = word.indexOf("=");
  if (at < 1) throw misuse(`--label ${word}: must be KEY=VALUE`);
  return [word.slice(0, at), word.slice(at + 1)];
}
