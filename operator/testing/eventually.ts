/** Waiting for a condition, with a deadline: tests never sleep for a fixed time. */
import { setTimeout as wait } from "node:timers/promises";

/** Resolves once the condition holds; throws in the condition's own words if it does not within the deadline. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  deadlineMs = 5_000,
): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await wait(5);
  }
}
