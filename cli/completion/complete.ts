/** The command that shells and kubectl ask for words: cobra's own, so that kubectl understands the answer. */
import type { Command } from "commander";
import { Session } from "../session.ts";
import { candidatesOf, type Candidates } from "./candidates.ts";

/** cobra's directives: file names too, or nothing else. */
const directives = { files: ":0", nothingElse: ":4" } as const;

/** Prints what can stand at the place of the last word. Whatever goes wrong, a person is typing: silence. */
export async function complete(program: Command, words: readonly string[]): Promise<number> {
  let session: Session | undefined;
  let found: Candidates = { words: [], takesFiles: false };
  try {
    found = await candidatesOf(program, words, (options) => (session = new Session(options)));
  } catch {
    // No cluster, no rights: no suggestions.
  } finally {
    session?.close();
  }
  const lines = [...found.words, found.takesFiles ? directives.files : directives.nothingElse];
  process.stdout.write(`${lines.join("\n")}\n`);
  return 0;
}
