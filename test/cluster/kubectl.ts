/** kubectl as the cluster tests use it: with a deadline, and with what it wrote to stderr in the error. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

export async function kubectl(args: string[], input?: unknown): Promise<string> {
  const child = run("kubectl", args, { timeout: 120_000, maxBuffer: 64 * 1024 * 1024 });
  child.child.stdin?.end(input === undefined ? "" : JSON.stringify(input));
  const { stdout } = await child;
  return stdout;
}
