/** Entry point: `runner.mjs` runs claude in a container, `runner.mjs inspect FILE` judges a saved log. */
import { usage } from "./command-line.ts";
import { inspectFiles } from "./inspect-files.ts";
import { run } from "./run.ts";
import { defaultTerminationLog, TerminationMessage } from "./termination-message.ts";

/** "Internal software error" in sysexits.h: a defect of the runner itself. */
const internalError = 70;

/** Agents end servers that they started by name: "pkill -f node" must not end the run. */
const title = "run-init";

const [command, ...rest] = process.argv.slice(2);
if (command === undefined) {
  process.title = title;
  process.exit(await run(process.env).catch(explainDefect));
}
process.exitCode = command === "inspect" ? await inspectFiles(rest) : helpOrRefuse(command);

/** Help, or what is wrong with the word. */
function helpOrRefuse(word: string): number {
  if (word === "-h" || word === "--help") {
    console.log(usage);
    return 0;
  }
  console.error(
    `unknown command ${word}: allowed is inspect, or no command at all inside a run's container\n\n${usage}`,
  );
  return 2;
}

function explainDefect(error: unknown): number {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const message = `the runner itself failed, please report this: ${stack.slice(0, 1000)}`;
  const log = { lines: 0, bytes: 0, sha256: "" };
  const report = { v: 1, complete: true, reason: "NoResult", message, result: {}, log };
  new TerminationMessage(process.env["TERMINATION_LOG"] ?? defaultTerminationLog).finish(JSON.stringify(report));
  console.log(JSON.stringify({ type: "runner", subtype: "stderr", seq: 0, text: message }));
  return internalError;
}
