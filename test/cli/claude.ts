/**
 * The real CLI for the tests: never part of the repository, installed once per version into the shared cache. As a
 * program it installs: `flock FILE node test/cli/claude.ts VERSION`.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The generation that the agent image carries, and the one that Node 20 installs. */
export const versions = ["2.1.330", "2.1.197"] as const;
export type Version = (typeof versions)[number];

const scope = `@anthropic-ai/claude-code-linux-${process.arch}`;
const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "claude-run/claude");

/** Path of the program of an installed version. */
export function claudePath(version: Version): string {
  return join(cache, version, "node_modules", scope, "claude");
}

/** Installs the versions that are missing, one process at a time; `say` hears about it only if something is missing. */
export async function installClaude(say: (line: string) => void): Promise<void> {
  mkdirSync(cache, { recursive: true });
  for (const version of versions.filter((each) => !existsSync(claudePath(each)))) {
    say(`installing Claude Code ${version} into ${cache}: some 400 MB, about 10 s`);
    await underLock(version, say);
  }
}

async function underLock(version: Version, say: (line: string) => void): Promise<void> {
  const startedMs = Date.now();
  const beat = setInterval(() => say(`  … ${Math.round((Date.now() - startedMs) / 1000)} s`), 3_000);
  // flock: waits for another process that installs the same; a lock ends with its holder.
  const args = [join(cache, "lock"), process.execPath, fileURLToPath(import.meta.url), version];
  const child = spawn("flock", args, { stdio: ["ignore", "ignore", "inherit"], timeout: 600_000 });
  const code = await new Promise((resolve) => {
    child.on("error", resolve).on("close", resolve);
  });
  clearInterval(beat);
  if (code !== 0) throw new Error(`Claude Code ${version} could not be installed from npm (${String(code)})`);
}

function install(version: string): void {
  const target = join(cache, version);
  if (existsSync(target)) return;
  const unfinished = `${target}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", unfinished];
  execFileSync("npm", ["install", ...flags, `${scope}@${version}`], { stdio: ["ignore", "ignore", "inherit"] });
  renameSync(unfinished, target);
}

if (import.meta.main) install(process.argv[2] ?? "");
