/** The command `inspect`: prints what became of each saved log. */
import { parseInspectArguments, usage, UsageError, type InspectRequest } from "./command-line.ts";
import { inspect, UnreadableFile } from "./inspect.ts";

/** Takes the arguments as they were typed; resolves to the exit code: 1 if a file can't be read, 2 for wrong arguments. */
export async function inspectFiles(args: readonly string[]): Promise<number> {
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
