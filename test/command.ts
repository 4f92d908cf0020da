/** A command that is given its input through a pipe. */
import { execFile, type ExecFileOptions } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Resolves with what the command wrote to stdout; rejects with `code` and `stderr` if it ends badly. */
export async function command(
  [file, ...args]: readonly [string, ...string[]],
  input: string,
  options: ExecFileOptions,
): Promise<string> {
  const ending = run(file, args, { ...options, encoding: "utf8" });
  const { stdin } = ending.child;
  // One that ended without reading it all breaks the pipe, which would end this process too. How it ended says the rest.
  stdin?.on("error", () => undefined);
  // Even nothing at all would be a write.
  if (input === "") stdin?.end();
  else stdin?.end(input);
  return (await ending).stdout;
}
