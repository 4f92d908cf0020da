/** A check's answer when something is not as it should be: each with what to do. */
import type { AdapterEnvironmentCheck } from "@paperclipai/adapter-utils";

/** One line of "Test environment". */
export type Check = AdapterEnvironmentCheck;

/** Runs would fail. */
export function failing(code: string, message: string, hint: string): Check {
  return { code, level: "error", message, hint };
}

/** Runs may well succeed; somebody should know all the same. */
export function warning(code: string, message: string, hint: string): Check {
  return { code, level: "warn", message, hint };
}
