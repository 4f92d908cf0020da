/** Runs one command line. Reports an error in one line, and returns the exit code. */
import { CommanderError } from "commander";
import { inspectFiles } from "../runner/inspect-files.ts";
import { complete } from "./completion/complete.ts";
import { Detached, exitCodes, toCliError } from "./errors.ts";
import { buildProgram, type Invocation } from "./program.ts";
import { withEscapes } from "./terminal/hidden.ts";
import { Terminal, type Streams } from "./terminal/terminal.ts";

/** Resolves to the exit code. Never rejects. */
export async function runCommandLine(args: readonly string[], streams: Streams): Promise<number> {
  const running: Invocation = { streams, ctx: undefined, exitCode: 0 };
  try {
    return await runCommand(args, running);
  } catch (error) {
    return await reportError(error, running);
  } finally {
    running.ctx?.close();
  }
}

/** `__complete` and `inspect` parse their own arguments. */
async function runCommand(args: readonly string[], running: Invocation): Promise<number> {
  const [first, ...rest] = args;
  const { streams } = running;
  if (first === "__complete") return complete(buildProgram(running), streams, rest);
  if (first === "inspect") {
    const terminal = new Terminal("never", streams);
    return inspectFiles(rest, {
      out: (text) => terminal.print(withEscapes(text)),
      error: (text) => terminal.noteText(text),
    });
  }
  await buildProgram(running).parseAsync(args, { from: "user" });
  return running.exitCode;
}

/** Prints the error and returns its exit code. */
export async function reportError(error: unknown, { streams, ctx }: Invocation): Promise<number> {
  const terminal = new Terminal("never", streams);
  // commander has printed it already: the help, or the invalid part of the command line.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
  const cliError = await toCliError(error, ctx?.openConnection);
  if (cliError instanceof Detached) {
    // The terminal has shown ^C on the line of the log.
    if (terminal.isErrorScreen) terminal.note("");
    for (const line of cliError.lines) terminal.note(line);
  } else terminal.note(`error: ${cliError.message}`);
  return cliError.exitCode;
}
