/**
 * The command with which a container starts the runner. A script in the pod's spec compares each file of the runner
 * ConfigMap and the run ConfigMap with its digest. `immutable` does not prevent a user from deleting a ConfigMap and
 * creating another one with the same name (docs/decisions.md 52 and 79).
 */
import { createHash } from "node:crypto";

/** SHA-256 in hexadecimal of each file of a ConfigMap, by name. */
export type Digests = Readonly<Record<string, string>>;

/** A mounted ConfigMap with exactly the files that it must have. */
export interface VerifiedMount {
  readonly configMap: string;
  readonly directory: string;
  readonly files: Digests;
}

/**
 * Runs as `node -e SCRIPT MOUNTS`; the first file of the first mount is the runner. It needs Node.js 20, and writes
 * only the termination message. The runner gets the other files as bytes (runner/verified-files.ts).
 */
const script = `
const [runner, ...others] = JSON.parse(process.argv[1]);
const { readdirSync, readFileSync, writeFileSync } = require("node:fs");
const { createHash } = require("node:crypto");
const end = ({ configMap }, found) => {
  const message = "ConfigMap " + configMap + " " + found + ", so nothing was executed.";
  const log = { lines: 0, bytes: 0, sha256: "" };
  const report = { v: 1, complete: true, reason: "RunnerChanged", message, result: {}, log };
  try { writeFileSync(process.env.TERMINATION_LOG || "/dev/termination-log", JSON.stringify(report)); } catch {}
  console.log(JSON.stringify({ type: "runner", subtype: "stderr", seq: 0, text: message }));
  process.exit(70);
};
const verified = new Map();
for (const mount of [runner, ...others]) {
  let extra = [];
  try {
    extra = readdirSync(mount.directory).filter((name) => !name.startsWith("..") && !Object.hasOwn(mount.files, name));
  } catch (error) { end(mount, "cannot be listed (" + error.code + ")"); }
  if (extra.length > 0) end(mount, "has a file that the operator did not create (" + extra[0].slice(0, 253) + ")");
  for (const [name, digest] of Object.entries(mount.files)) {
    const path = mount.directory + "/" + name;
    let bytes;
    try { bytes = readFileSync(path); } catch (error) { end(mount, "has no readable file " + name + " (" + error.code + ")"); }
    const actual = createHash("sha256").update(bytes).digest("hex");
    if (actual !== digest) end(mount, "has a file " + name + " with the SHA-256 " + actual + ", not " + digest);
    verified.set(path, bytes);
  }
}
const path = runner.directory + "/" + Object.keys(runner.files)[0];
globalThis.claudeRunVerifiedFiles = verified;
process.argv = [process.argv[0], path];
import("data:text/javascript;base64," + verified.get(path).toString("base64"));
`.trim();

/** Returns the container's command. The script uses the bytes that it compared, and never reads a file twice. */
export function verifiedStart(runner: VerifiedMount, run: VerifiedMount): string[] {
  return ["node", "-e", script, JSON.stringify([runner, run])];
}

/** Returns the digests of a ConfigMap's data. */
export function digestsOf(data: Readonly<Record<string, string>> = {}): Digests {
  const names = Object.keys(data).toSorted();
  return Object.fromEntries(names.map((name) => [name, digestOf(data[name] ?? "")]));
}

/** SHA-256 of a text's UTF-8 bytes, in hexadecimal. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The operator's own are about 700 characters long. */
const maxMountsLength = 4_096;

/**
 * Returns the digests of the run ConfigMap that a container's command requires. Returns undefined for commands of older
 * operators, and for invalid ones: a user may have written the command.
 */
export function requiredDigests(command: readonly string[] = []): Digests | undefined {
  const mounts = command[3];
  if (command.length !== 4 || mounts === undefined || mounts.length > maxMountsLength) return undefined;
  try {
    const files: unknown = (JSON.parse(mounts) as readonly Partial<VerifiedMount>[])[1]?.files;
    return typeof files === "object" && files !== null && !Array.isArray(files) ? (files as Digests) : undefined;
  } catch {
    return undefined;
  }
}
