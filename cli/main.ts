#!/usr/bin/env node
/** Entry point of `kubectl claude`: one line for whatever goes wrong, and an exit code. */
import { CommanderError } from "commander";
import { exitCodes, problemOf } from "./problem.ts";
import { programOf, type Running } from "./program.ts";

// The reader of a pipe has seen enough: no more is owed to anybody.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCodes.brokenPipe);
    throw error;
  });
}

const running: Running = { session: undefined, exitCode: 0 };
try {
  await programOf(running).parseAsync();
  process.exitCode = running.exitCode;
} catch (error) {
  process.exitCode = await exitCodeOf(error);
} finally {
  running.session?.close();
}

async function exitCodeOf(error: unknown): Promise<number> {
  // commander has said it already: help, or what is wrong with the command line.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
  const problem = await problemOf(error, running.session?.connectionIfAny);
  process.stderr.write(`error: ${problem.message}\n`);
  return problem.exitCode;
}
