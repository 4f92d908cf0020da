/** Maps a finished run to an exit code. */
import { constants } from "node:os";
import type { ClaudeRun } from "../crds/claude-run.ts";
import { exitCodes } from "./errors.ts";

const deadlines: ReadonlySet<string> = new Set([
  "DeadlineExceeded",
  "IdleTimeout",
  "NoOutput",
  "QueueDeadlineExceeded",
]);
/** The runner finds these before it starts claude. */
const preflight: ReadonlySet<string> = new Set([
  "RunnerMissing",
  "ClaudeMissing",
  "ContainerStartFailed",
  "SessionNotFound",
]);

/** Returns claude's exit code if it exited by itself, otherwise one of `exitCodes`. */
export function exitCodeOf({ status }: ClaudeRun): number {
  if (status?.phase === "Succeeded") return 0;
  if (status?.phase === "Cancelled") return exitCodes.cancelled;
  const reason = status?.failure?.reason ?? "";
  if (deadlines.has(reason)) return exitCodes.timeout;
  const { exitCode, signal } = status?.result ?? {};
  if (exitCode !== undefined && exitCode !== 0) return exitCode & 255 || exitCodes.error;
  if (signal !== undefined) return 128 + numberOf(signal);
  if (exitCode === undefined && (status?.startTime === undefined || preflight.has(reason))) return exitCodes.notStarted;
  return exitCodes.error;
}

/** Returns 0 for a signal that this machine does not have. */
function numberOf(signal: string): number {
  const numbers: Readonly<Record<string, number | undefined>> = constants.signals;
  return numbers[signal] ?? 0;
}
