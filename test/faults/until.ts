/** Waits until a question is answered with yes; says what it waited for if the deadline passes first. */
import { setTimeout as wait } from "node:timers/promises";

export async function until(
  what: string | (() => string),
  ask: () => boolean | Promise<boolean>,
  timeoutSeconds = 60,
): Promise<void> {
  const deadlineMs = Date.now() + timeoutSeconds * 1_000;
  while (!(await ask())) {
    if (Date.now() > deadlineMs)
      throw new Error(`waited ${timeoutSeconds} s in vain: ${typeof what === "string" ? what : what()}`);
    await wait(100);
  }
}
