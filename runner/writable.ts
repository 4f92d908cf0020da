/**
 * Whether claude will be able to write where it has to. It would run all the same, spend money and lose the session, so
 * this is tried and not only asked for: permissions say nothing of a full disk or a quota.
 */
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { causeOf, codeOf, StartFailure } from "./failure.ts";

/** About what the session file of a short run takes. */
const probe = Buffer.alloc(256 * 1024);

/** Makes the directory if it is missing and leaves nothing in it; `what` names it in the StartFailure. */
export function makeWritable(directory: string, what: string): void {
  try {
    mkdirSync(directory, { recursive: true });
    writeProbe(join(directory, `.claude-run-probe-${process.pid}`));
  } catch (error) {
    throw new StartFailure("ClaudeStartFailed", explain(directory, what, error));
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

function explain(directory: string, what: string, error: unknown): string {
  const cause = causeOf(error);
  const code = codeOf(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return `${what} has no room left: ${directory} cannot take 256 KiB (${cause}): free space on its volume, or mount a larger one`;
  }
  if (code === "EROFS") {
    return `${what} is not writable: ${directory} is on a read-only file system (${cause}): mount a writable volume there`;
  }
  return (
    `${what} is not writable for user ${process.getuid?.() ?? "?"} (${cause}): mount a writable workspace, ` +
    "or set spec.pod.securityContext.fsGroup to that user's group"
  );
}
