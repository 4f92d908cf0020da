/** Entry point: `runner.mjs` runs claude in a container, `runner.mjs inspect FILE` judges a saved log. */
import { parseInspectArguments, usage, UsageError, type InspectRequest } from "./command-line.ts";
import { inspect, UnreadableFile } from "./inspect.ts";
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

async function inspectFiles(args: readonly string[]): Promise<number> {
  const requests = requestsOf(args);
  if (typeof requests === "number") return requests;
  const several = requests.length > 1;
  let exitCode = 0;
  for (const request of requests) {
    try {
      const found = await inspect(request);
      console.log(several ? JSON.stringify({ file: request.file, ...found }) : JSON.stringify(found, undefined, 2));
    } catch (error) {
      if (!(error instanceof UnreadableFile)) throw error;
      console.error(error.message);
      exitCode = 1;
    }
  }
  return exitCode;
}

/** What is to be inspected; an exit code if nothing is. */
function requestsOf(args: readonly string[]): readonly InspectRequest[] | number {
  try {
    const requests = parseInspectArguments(args);
    if (requests !== undefined) return requests;
    console.log(usage);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    return 2;
  }
}

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
