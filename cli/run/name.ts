/** A name for a run that was given none. */
import { randomInt } from "node:crypto";

/** Kubernetes' own alphabet for such names: without vowels there are no words. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";
const longest = 63;

/** "nightly-x7k2p" */
export function generatedName(agent: string): string {
  const tail = Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join("");
  return `${agent.slice(0, longest - 6).replace(/-+$/, "")}-${tail}`;
}
