/** Waiting for a condition, with a deadline: tests never sleep for a fixed time. */
import { setTimeout as wait } from "node:timers/promises";

/** Between these a pause is a tenth of what was waited already: short for what is in memory, gentle to a server. */
const shortestPauseMs = 5;
const longestPauseMs = 100;

/** Asks until the answer is yes, or a value: returns it. Throws in the condition's own words if none comes in time. */
export async function eventually<T>(
  what: string | (() => string),
  ask: () => T | false | undefined | Promise<T | false | undefined>,
  withinMs = 60_000,
): Promise<T> {
  const startMs = performance.now();
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== undefined) return answer;
    const waitedMs = performance.now() - startMs;
    if (waitedMs > withinMs) throw new Error(`not within ${withinMs} ms: ${typeof what === "string" ? what : what()}`);
    await wait(Math.min(Math.max(waitedMs / 10, shortestPauseMs), longestPauseMs));
  }
}
