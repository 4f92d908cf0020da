/** Where the prompt of a run comes from: an argument, a file, stdin, or an editor. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { words } from "../../adapter/kubernetes/api-error.ts";
import { misuse, Problem } from "../problem.ts";

/** What was said about it on the command line. */
export interface PromptSource {
  /** The argument; "-" is stdin. */
  readonly given: string | undefined;
  readonly file: string | undefined;
  /** Shown in the editor, below the line. */
  readonly about: string;
}

const scissors = "# ------------------------ >8 ------------------------";

/** The prompt as it was written. Throws a Problem if there is none. */
export async function promptOf({ given, file, about }: PromptSource): Promise<string> {
  if (given !== undefined && file !== undefined) throw misuse("a prompt and --prompt-file: give one of them");
  if (given !== undefined && given !== "-") return given;
  if (file !== undefined && file !== "-") return readPrompt(file);
  if (given === "-" || file === "-" || !process.stdin.isTTY) return orNone(await readStdin());
  if (!process.stdout.isTTY)
    throw misuse("there is no prompt: give it as an argument, with --prompt-file, or through stdin");
  return edit(about);
}

function orNone(prompt: string): string {
  if (prompt.trim() !== "") return prompt;
  throw misuse("there is no prompt, and stdin is empty: give it as an argument, with --prompt-file, or through stdin");
}

function readPrompt(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new Problem(`the prompt can't be read: ${words(cause)}`, { cause });
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
      `\n${scissors}\n# What claude is asked stands above this line. ${about}\n# An empty prompt makes no run.\n`,
    );
    const { status, error } = spawnSync("sh", ["-c", `${editor} "$1"`, "sh", file], { stdio: "inherit" });
    if (error !== undefined || status !== 0)
      throw new Problem(`the editor ${editor} failed: no run was made`, { cause: error });
    const prompt = readFileSync(file, "utf8").split(scissors, 1)[0]?.trim() ?? "";
    if (prompt === "") throw new Problem("the prompt is empty: no run was made");
    return prompt;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
