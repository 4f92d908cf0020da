/** `__complete`: cobra's completion command, which shells and kubectl call. */
import type { Command } from "commander";
import { CommandContext } from "../command-context.ts";
import { isVisible } from "../terminal/hidden.ts";
import { Terminal, type Streams } from "../terminal/terminal.ts";
import { candidatesOf, type Candidates } from "./candidates.ts";

/** cobra's directives: also complete file names, or nothing else. */
const directives = { files: ":0", nothingElse: ":4" } as const;

/** Short, because completion must not delay typing. */
const connectionOptions = { attempts: 1, timeoutMs: 2_000 };

/** Prints the candidates for the last word. Prints no errors, because the user is typing. */
export async function complete(program: Command, streams: Streams, words: readonly string[]): Promise<number> {
  let ctx: CommandContext | undefined;
  let found: Candidates = { words: [], takesFiles: false };
  try {
    found = await candidatesOf(
      program,
      words,
      (options) => (ctx = new CommandContext(options, streams, connectionOptions)),
    );
  } catch {
    // Without a cluster or permissions there are no candidates.
  } finally {
    ctx?.close();
  }
  const terminal = new Terminal("never", streams);
  for (const word of found.words) {
    const [name = "", meaning] = word.split("\t");
    // The shell would insert hidden characters that the user does not see.
    if (isVisible(name)) terminal.printCandidate(name, meaning);
  }
  terminal.printLine(found.takesFiles ? directives.files : directives.nothingElse);
  return 0;
}
