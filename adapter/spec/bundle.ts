/** Files that go into the pod by content, as the server's paths mean nothing there: instructions and skills. */
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import {
  isPaperclipSkillSourceMissing,
  readPaperclipRuntimeSkillEntries,
  resolveLegacyPaperclipDesiredSkillNames,
} from "@paperclipai/adapter-utils/server-utils";

/** Where the files are in the pod. */
export const bundlePath = "/paperclip-bundle";
export const instructionsFile = "agent-instructions.md";

/** A file of the bundle: its path below `bundlePath`. */
export interface BundleFile {
  readonly path: string;
  readonly content: Buffer;
}

export interface Bundle {
  readonly files: readonly BundleFile[];
  /** Names of the skills that are in it. */
  readonly skills: readonly string[];
  readonly hasInstructions: boolean;
  readonly notes: readonly string[];
}

const maxFileBytes = 524_288;
const maxFiles = 900;

/** Reads what the agent is to have. `withInstructions` is false for a session that knows them already. */
export async function readBundle(
  config: Record<string, unknown>,
  instructionsFilePath: string | undefined,
  withInstructions: boolean,
): Promise<Bundle> {
  const notes: string[] = [];
  const files: BundleFile[] = [];
  if (instructionsFilePath !== undefined && withInstructions) {
    const content = await instructions(instructionsFilePath, notes);
    if (content !== undefined) files.push({ path: instructionsFile, content });
  }
  const hasInstructions = files.length > 0;
  const skills: string[] = [];
  const entries = await readPaperclipRuntimeSkillEntries(config, import.meta.dirname);
  const wanted = new Set(resolveLegacyPaperclipDesiredSkillNames(config, entries));
  for (const entry of entries) {
    if (!wanted.has(entry.key)) continue;
    if (isPaperclipSkillSourceMissing(entry)) {
      notes.push(`skill ${entry.key}: its source is missing on the server; left out`);
      continue;
    }
    const found = await filesBelow(entry.source, `.claude/skills/${entry.runtimeName}`, notes);
    files.push(...found);
    if (found.length > 0) skills.push(entry.runtimeName);
  }
  if (files.length > maxFiles)
    notes.push(`skills have ${files.length} files; the last ${files.length - maxFiles} are left out`);
  return { files: files.slice(0, maxFiles), skills, hasInstructions, notes };
}

/** Whoever edits an agent names this path: only documents are read, whatever it or a link there points to. */
async function instructions(path: string, notes: string[]): Promise<Buffer | undefined> {
  try {
    const real = await realpath(path);
    if (!/\.(md|mdc|txt)$/i.test(real)) {
      notes.push("instructionsFilePath: only .md, .mdc and .txt files are read; left out");
      return undefined;
    }
    const content = await readFile(real);
    if (content.length <= maxFileBytes) return content;
    notes.push(`instructionsFilePath: ${content.length} bytes, more than 512 KiB; left out`);
  } catch (error) {
    notes.push(`instructionsFilePath can't be read (${(error as NodeJS.ErrnoException).code ?? "unknown"}); left out`);
  }
  return undefined;
}

/** Regular files below a directory; links are not followed: a skill must not bring the server's other files along. */
async function filesBelow(source: string, target: string, notes: string[]): Promise<BundleFile[]> {
  const files: BundleFile[] = [];
  let names: string[];
  try {
    const entries = await readdir(source, { withFileTypes: true, recursive: true });
    names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    notes.push(`skill at ${target} can't be read (${(error as NodeJS.ErrnoException).code ?? "unknown"}); left out`);
    return [];
  }
  for (const name of names.toSorted()) {
    const path = `${target}/${relative(source, name)}`;
    if (/(^|\/)(node_modules|\.git)\//.test(path)) continue;
    if ((await stat(name)).size > maxFileBytes) notes.push(`${path}: more than 512 KiB; left out`);
    else files.push({ path, content: await readFile(name) });
  }
  return files;
}
