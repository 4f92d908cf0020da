/** Ways to break each invariant in the source, one edit each. */
import { lifeOfARun } from "./life-of-a-run.ts";
import type { Mutation } from "./mutation.ts";
import { whatIsWritten } from "./what-is-written.ts";

export const mutations: readonly Mutation[] = [...lifeOfARun, ...whatIsWritten];
