#!/usr/bin/env node
/** Entry point of `kubectl claude`. */
import { reportError, runCommandLine } from "./command-line.ts";
import { exitCodes } from "./errors.ts";
import { onBrokenPipe } from "./terminal/terminal.ts";

// EPIPE: the reader closed the pipe, so exit quietly.
onBrokenPipe(() => process.exit(exitCodes.brokenPipe));
// Report an uncaught error in one line like any other, without a stack of the bundle.
process.on("uncaughtException", (error) => {
  void reportError(error, { streams: process, ctx: undefined, exitCode: 0 }).then((code) => process.exit(code));
});
void runCommandLine(process.argv.slice(2), process).then((code) => {
  process.exitCode = code;
});
