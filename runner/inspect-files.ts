/** The command `inspect`: prints the outcome of each saved log. */
import { parseInspectArguments, usage, UsageError, type InspectRequest } from "./command-line.ts";
import { inspect, UnreadableFile } from "./inspect.ts";

/** Destination of output and errors. */
export interface InspectOutput {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

const toConsole: InspectOutput = { out: (text) => console.log(text), error: (text) => console.error(text) };

/** Runs the command. Resolves to the exit code: 1 if a file cannot be read, 2 for wrong arguments. */
export async function inspectFiles(args: readonly string[], output = toConsole): Promise<number> {
  const requests = requestsOf(args, output);
  if (typeof requests === "number") return requests;
  const several = requests.length > 1;
  let exitCode = 0;
  for (const request of requests) {
    try {
      const found = await inspect(request);
      output.out(several ? JSON.stringify({ file: request.file, ...found }) : JSON.stringify(found, undefined, 2));
    } catch (error) {
      if (!(error instanceof UnreadableFile)) throw error;
      output.error(error.message);
      exitCode = 1;
    }
  }
  return exitCode;
}

/** Returns the requests, or an exit code for help and errors. */
function requestsOf(args: readonly string[], output: InspectOutput): readonly InspectRequest[] | number {
  try {
    const requests = parseInspectArguments(args);
    if (requests !== undefined) return requests;
    output.out(usage);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    output.error(`${error.message}\n\n${usage}`);
    return 2;
  }
}
