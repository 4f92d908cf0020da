/** kubectl as the cluster tests use it: with a deadline, and with what it wrote to stderr in the error. */
import { command } from "../command.ts";

const maxBuffer = 64 * 1024 * 1024;

export function kubectl(args: string[], input?: unknown): Promise<string> {
  const options = { timeout: deadlineMs(args), maxBuffer };
  return command(["kubectl", ...args], input === undefined ? "" : JSON.stringify(input), options);
}

/** Two minutes; more where kubectl itself was told to wait longer, so that it can say that nothing came. */
function deadlineMs(args: readonly string[]): number {
  const waits = args.map((arg) => Number(/^--timeout=(\d+)s$/.exec(arg)?.[1] ?? 0));
  return Math.max(120, ...waits.map((seconds) => seconds + 30)) * 1_000;
}
