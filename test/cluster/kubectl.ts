/** kubectl as the cluster tests use it: with a deadline, and with what it wrote to stderr in the error. */
import { command } from "../command.ts";

const options = { timeout: 120_000, maxBuffer: 64 * 1024 * 1024 };

export function kubectl(args: string[], input?: unknown): Promise<string> {
  return command(["kubectl", ...args], input === undefined ? "" : JSON.stringify(input), options);
}
