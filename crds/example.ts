/** Objects that everybody has to agree on (zod, the API server and the reader of the sentence), each as changes to a good one. */
import { apiVersion, kind } from "./names.ts";

/** Changes to the smallest good spec: a field given as undefined is left out. */
export type Change = Readonly<Record<string, unknown>>;

export interface GoodExample {
  /** What is so about it, as a sentence. */
  readonly says: string;
  readonly spec: Change;
}

export interface BadExample extends GoodExample {
  /** Part of the line that says so, and of the API server's. */
  readonly problem: string;
  /** Set where the API server judges by type, bound or pattern, and thus says it in its own words. */
  readonly server?: string;
  /** Name of the object, if that is what is wrong. */
  readonly name?: string;
}

/** The object of an example. */
export function objectOf(spec: unknown, name = "example"): object {
  return { apiVersion, kind, metadata: { name, namespace: "default" }, spec };
}

/** The smallest good spec with the example's changes, as JSON would carry it. */
export function specOf({ spec }: GoodExample): unknown {
  return JSON.parse(JSON.stringify({ agent: "reviewer", prompt: "Review the change.", ...spec }));
}
