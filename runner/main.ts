/** Entry point: `runner.mjs` runs claude in a container, `runner.mjs inspect FILE` explains a saved log. */
import { usage } from "./command-line.ts";
import { inspectFiles } from "./inspect-files.ts";
import { run } from "./run.ts";
import { defaultTerminationLog, TerminationMessage } from "./termination-message.ts";

/** EX_SOFTWARE of sysexits.h: a defect of the runner itself. */
const internalError = 70;

/** A title without "node", because agents kill their servers with "pkill -f node". */
const title = "run-init";

const [command, ...rest] = process.argv.slice(2);
if (command === undefined) {
  process.title = title;
  process.exit(await run(process.env).catch(reportInternalError));
}
process.exitCode = command === "inspect" ? await inspectFiles(rest) : helpOrUsageError(command);

/** Prints help, or an error for an unknown command. Returns the exit code. */
function helpOrUsageError(word: string): number {
  if (word === "-h" || word === "--help") {
    console.log(usage);
    return 0;
  }
  console.error(`unknown command ${word}; allowed: inspect, or no command in a run's container\n\n${usage}`);
  return 2;
}

function reportInternalError(error: unknown): number {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const message = `the runner itself failed; report this defect: ${stack.slice(0, 1000)}`;
  const log = { lines: 0, bytes: 0, sha256: "" };
  const report = { v: 1, complete: true, reason: "NoResult", message, result: {}, log };
  new TerminationMessage(process.env["TERMINATION_LOG"] ?? defaultTerminationLog).finish(JSON.stringify(report));
  console.log(JSON.stringify({ type: "runner", subtype: "stderr", seq: 0, text: message }));
  return internalError;
}
