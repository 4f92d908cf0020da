/** Runs `kubectl claude` in the test's process, which is faster for tables of many commands. */
import { Writable } from "node:stream";
import { runCommandLine } from "../command-line.ts";
import type { Streams } from "../terminal/terminal.ts";
import type { CommandResult } from "./command.ts";

class PrintedText extends Writable {
  text = "";
  readonly isTTY = false;

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** Runs a command to its end, as without a terminal. */
export async function inProcess(args: readonly string[]): Promise<CommandResult> {
  const stdout = new PrintedText();
  const stderr = new PrintedText();
  const code = await runCommandLine(args, { stdout, stderr } as unknown as Streams);
  return { code, stdout: stdout.text, stderr: stderr.text };
}
