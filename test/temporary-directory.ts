/** Vitest's global set-up: what tests write to the temporary directory goes with them, also when one of them fails. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export default function setup(): () => void {
  const before = process.env["TMPDIR"];
  // Short, as the sockets in it may have no more than 108 characters.
  const directory = mkdtempSync(join(tmpdir(), "vitest-"));
  // Like the folder it stands for: PostgreSQL runs as a user of its own in a folder below.
  chmodSync(directory, 0o755);
  process.env["TMPDIR"] = directory;
  return () => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    rmSync(directory, { recursive: true, force: true });
  };
}
