/** A kubectl command that goes on for long (watch, logs --follow), line by line. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Ends with the command, throws if that fails or the signal fires; whoever leaves the loop ends the command. */
export async function* kubectlLines(args: readonly string[], signal: AbortSignal): AsyncGenerator<string> {
  signal.throwIfAborted();
  const child = spawn("kubectl", args, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => {
    child.on("error", () => resolve(null));
    child.on("close", (code) => resolve(code));
  });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const end = () => child.kill();
  signal.addEventListener("abort", end);
  try {
    yield* createInterface({ input: child.stdout, crlfDelay: Infinity });
    const code = await ended;
    signal.throwIfAborted();
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")} failed: ${complaint.trim() || `exit code ${code}`}`);
  } finally {
    signal.removeEventListener("abort", end);
    child.kill();
    await ended;
  }
}
