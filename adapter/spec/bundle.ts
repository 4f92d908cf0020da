/** Reads the files that are copied into the pod: instructions and skills. The server's paths do not exist there. */
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import {
  isPaperclipSkillSourceMissing,
  readPaperclipRuntimeSkillEntries,
  resolveLegacyPaperclipDesiredSkillNames,
} from "@paperclipai/adapter-utils/server-utils";

/** Directory of the files in the pod. */
export const bundlePath = "/paperclip-bundle";
export const instructionsFile = "agent-instructions.md";

/** A file of the bundle, with its path below `bundlePath`. */
export interface BundleFile {
  readonly path: string;
  readonly content: Buffer;
}

export interface Bundle {
  readonly files: readonly BundleFile[];
  /** Names of the skills in the bundle. */
  readonly skills: readonly string[];
  readonly hasInstructions: boolean;
  readonly notes: readonly string[];
}

const maxFileBytes = 524_288;
const maxFiles = 900;

/** Reads the agent's files. `withInstructions` is false for a resumed session, which has the instructions. */
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
      notes.push(`skill ${entry.key} skipped: its source is missing on the server`);
      continue;
    }
    const found = await filesBelow(entry.source, `.claude/skills/${entry.runtimeName}`, notes);
    files.push(...found);
    if (found.length > 0) skills.push(entry.runtimeName);
  }
  if (files.length > maxFiles)
    notes.push(
      `skills have ${files.length} files (allowed: ${maxFiles}); the last ${files.length - maxFiles} are skipped`,
    );
  return { files: files.slice(0, maxFiles), skills, hasInstructions, notes };
}

/** Reads the instructions. Users who edit an agent set this path, so only documents are read, also behind a link. */
async function instructions(path: string, notes: string[]): Promise<Buffer | undefined> {
  try {
    const real = await realpath(path);
    if (!/\.(md|mdc|txt)$/i.test(real)) {
      notes.push("instructionsFilePath skipped: only .md, .mdc and .txt files are allowed");
      return undefined;
    }
    const content = await readFile(real);
    if (content.length <= maxFileBytes) return content;
    notes.push(`instructionsFilePath skipped: ${content.length} bytes; allowed: 512 KiB`);
  } catch (error) {
    notes.push(`instructionsFilePath skipped: cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`);
  }
  return undefined;
}

/** Returns the regular files below a directory. Ignores links: a skill must not copy other files of the server. */
async function filesBelow(source: string, target: string, notes: string[]): Promise<BundleFile[]> {
  const files: BundleFile[] = [];
  let names: string[];
  try {
    const entries = await readdir(source, { withFileTypes: true, recursive: true });
    names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    notes.push(`skill at ${target} skipped: cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`);
    return [];
  }
  for (const name of names.toSorted()) {
    const path = `${target}/${relative(source, name)}`;
    if (/(^|\/)(node_modules|\.git)\//.test(path)) continue;
    if ((await stat(name)).size > maxFileBytes) notes.push(`${path} skipped: more than 512 KiB`);
    else files.push({ path, content: await readFile(name) });
  }
  return files;
}
