#!/usr/bin/env node
/** Entry point of `kubectl claude`: one line for whatever goes wrong, and an exit code. */
import { CommanderError } from "commander";
import { inspectFiles } from "../runner/inspect-files.ts";
import { complete } from "./completion/complete.ts";
import { Departure, exitCodes, problemOf } from "./problem.ts";
import { programOf, type Running } from "./program.ts";

// The reader of a pipe has seen enough: no more is owed to anybody.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCodes.brokenPipe);
    throw error;
  });
}

const running: Running = { session: undefined, exitCode: 0 };
const program = programOf(running);
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = await exitCodeOf(error);
} finally {
  running.session?.close();
}

/** The words of these two are not commander's to read. */
async function main([verb, ...rest]: readonly string[]): Promise<number> {
  if (verb === "__complete") return complete(program, rest);
  if (verb === "inspect") return inspectFiles(rest);
  await program.parseAsync();
  return running.exitCode;
}

async function exitCodeOf(error: unknown): Promise<number> {
  // commander has said it already: help, or what is wrong with the command line.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
  const problem = await problemOf(error, running.session?.connectionIfAny);
  // The terminal has shown ^C on the line of the log.
  if (problem instanceof Departure) process.stderr.write(`${process.stderr.isTTY ? "\n" : ""}${problem.message}\n`);
  else process.stderr.write(`error: ${problem.message}\n`);
  return problem.exitCode;
}
