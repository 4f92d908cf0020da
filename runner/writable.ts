/**
 * Checks that claude can write to its directories. Otherwise it would run, spend money and lose the session. Writes a
 * probe file, because permissions do not show a full disk or a quota.
 */
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { causeOf, codeOf, StartFailure } from "./failure.ts";

/** About the size of a short run's session file. */
const probe = Buffer.alloc(256 * 1024);

/** Creates the directory if it is missing and leaves nothing in it. `what` names it in the StartFailure. */
export function makeWritable(directory: string, what: string): void {
  try {
    mkdirSync(directory, { recursive: true });
    writeProbe(join(directory, `.claude-run-probe-${process.pid}`));
  } catch (error) {
    throw new StartFailure("ClaudeStartFailed", describeProblem(directory, what, error));
  }
}

function writeProbe(path: string): void {
  const fd = openSync(path, "w");
  try {
    for (let written = 0; written < probe.length;) written += writeSync(fd, probe, written);
  } finally {
    closeSync(fd);
    rmSync(path, { force: true });
  }
}

function describeProblem(directory: string, what: string, error: unknown): string {
  const cause = causeOf(error);
  const code = codeOf(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return `${what} has no space left: ${directory} cannot store 256 KiB (${cause}): free space on its volume or mount a larger one`;
  }
  if (code === "EROFS") {
    return `${what} is not writable: ${directory} is on a read-only file system (${cause}): mount a writable volume there`;
  }
  return (
    `${what} is not writable for user ${process.getuid?.() ?? "?"} (${cause}): mount a writable workspace, ` +
    "or set spec.pod.securityContext.fsGroup to that user's group"
  );
}
