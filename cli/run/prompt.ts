/** Where the prompt of a run comes from: an argument, a file, stdin, or an editor. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorMessage } from "../../kube/api-error.ts";
import { usageError, CliError } from "../errors.ts";

/** The prompt's source on the command line. */
export interface PromptSource {
  /** The argument; "-" is stdin. */
  readonly given: string | undefined;
  readonly file: string | undefined;
  /** True if there is a terminal that an editor can use. */
  readonly isScreen: boolean;
  /** Text shown in the editor, below the scissors line. */
  readonly about: string;
}

const scissors = "# ------------------------ >8 ------------------------";

/** Returns the prompt. Throws CliError if there is none. */
export async function readPrompt({ given, file, about, isScreen }: PromptSource): Promise<string> {
  if (given !== undefined && file !== undefined) throw usageError("give either a prompt or --prompt-file, not both");
  if (given !== undefined && given !== "-") return given;
  if (file !== undefined && file !== "-") return readPromptFile(file);
  if (given === "-" || file === "-" || !process.stdin.isTTY) return requireNonEmpty(await readStdin());
  if (!isScreen) throw usageError("no prompt: pass it as an argument, with --prompt-file or on stdin");
  return edit(about);
}

function requireNonEmpty(prompt: string): string {
  if (prompt.trim() !== "") return prompt;
  throw usageError("no prompt, stdin is empty: pass it as an argument, with --prompt-file or on stdin");
}

function readPromptFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new CliError(`cannot read the prompt: ${errorMessage(cause)}`, { cause });
  }
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Opens VISUAL or EDITOR on a file, as git does for a commit's message. */
function edit(about: string): string {
  const editor = process.env["VISUAL"] || process.env["EDITOR"] || "vi";
  const directory = mkdtempSync(join(tmpdir(), "kubectl-claude-"));
  const file = join(directory, "prompt.md");
  try {
    writeFileSync(
      file,
      `\n${scissors}\n# Write the prompt above this line. ${about}\n# An empty prompt creates no run.\n`,
    );
    const { status, error } = spawnSync("sh", ["-c", `${editor} "$1"`, "sh", file], { stdio: "inherit" });
    if (error !== undefined || status !== 0)
      throw new CliError(`editor ${editor} failed; no run was created`, { cause: error });
    const prompt = readFileSync(file, "utf8").split(scissors, 1)[0]?.trim() ?? "";
    if (prompt === "") throw new CliError("the prompt is empty; no run was created");
    return prompt;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
