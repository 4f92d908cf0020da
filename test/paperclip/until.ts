/** Waiting for a condition, with a deadline. */
import { setTimeout as wait } from "node:timers/promises";

/** Asks until the answer is yes, or is given: returns it. The pause between two questions keeps a server from being hammered. */
export async function until<T>(what: string, ask: () => Promise<T | false | undefined>, seconds = 60): Promise<T> {
  const deadlineMs = Date.now() + seconds * 1_000;
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== undefined) return answer;
    if (Date.now() > deadlineMs) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await wait(100);
  }
}
