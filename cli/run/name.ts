/** Generates names for runs. */
import { randomInt } from "node:crypto";

/** Kubernetes' alphabet for generated names: without vowels they form no words. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";
const maxLength = 63;

/** "nightly-x7k2p" */
export function generatedName(agent: string): string {
  const tail = Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join("");
  return `${agent.slice(0, maxLength - 6).replace(/-+$/, "")}-${tail}`;
}
