/**
 * checkov, which judges manifests, installed once per list of its packages into the cache: 290 MB of Python, half a minute.
 * Outside of the test cluster's network namespace, which reaches no registry:
 *   node test/chart/checkov.ts
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { command } from "../command.ts";

const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "claude-run");
const requirements = join(import.meta.dirname, "checkov-requirements.txt");

/** Where its packages are, or will be. */
function packagesPath(): string {
  return join(cache, `checkov-${createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12)}`);
}

/** What it writes as JSON about a file of manifests; throws with what to do if it is not installed. */
export function checkov(file: string): Promise<string> {
  const path = packagesPath();
  if (!existsSync(path)) throw new Error("checkov is not installed: node test/chart/checkov.ts");
  const options = ["--framework=kubernetes", "--output=json", "--skip-download", "--soft-fail", `--file=${file}`];
  const env = { ...process.env, PYTHONPATH: path, LOG_LEVEL: "ERROR" };
  return command(["python3", "-m", "checkov.main", ...options], "", { env, timeout: 120_000, maxBuffer: 64 << 20 });
}

function install(): void {
  const path = packagesPath();
  if (existsSync(path)) return;
  // Another checkout may be at it: each installs beside, the first one's is taken.
  const beside = `${path}.${process.pid}.tmp`;
  mkdirSync(beside, { recursive: true });
  console.error("installing checkov from PyPI: half a minute");
  const options = ["--quiet", "--disable-pip-version-check", "--no-deps", `--target=${beside}`];
  try {
    execFileSync("python3", ["-m", "pip", "install", ...options, "-r", requirements], { stdio: ["ignore", 2, 2] });
  } catch (error) {
    rmSync(beside, { recursive: true });
    throw new Error(
      "checkov could not be installed, see pip's words above; it needs Python 3.11 or newer with pip (apt-get install python3-pip)",
      { cause: error },
    );
  }
  if (existsSync(path)) rmSync(beside, { recursive: true });
  else renameSync(beside, path);
}

if (import.meta.main) {
  install();
  console.log(packagesPath());
}
