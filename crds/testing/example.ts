/**
 * Example specs for zod and the API server, each a change to the smallest valid spec, with a sentence that explains
 * it.
 */
import { apiVersion, kind } from "../names.ts";

/** Changes to the smallest valid spec; a field given as undefined is removed. */
export type Change = Readonly<Record<string, unknown>>;

export interface GoodExample {
  /** The property that the example shows, as a sentence. */
  readonly title: string;
  readonly spec: Change;
}

export interface BadExample extends GoodExample {
  /** Part of the problem as reported by zod, and by the API server unless `server` is set. */
  readonly problem: string;
  /** Part of the API server's own message, where a type, bound or pattern rejects the spec. */
  readonly server?: string;
  /** Name of the object, if the name is invalid. */
  readonly name?: string;
}

/** Returns a ClaudeRun with the spec. */
export function objectOf(spec: unknown, name = "example"): object {
  return { apiVersion, kind, metadata: { name, namespace: "default" }, spec };
}

/** Returns the smallest valid spec with the example's changes, as parsed from JSON. */
export function specOf({ spec }: GoodExample): unknown {
  return JSON.parse(JSON.stringify({ agent: "reviewer", prompt: "Review the change.", ...spec }));
}
