/** The exit code of a run that was waited for. */
import { constants } from "node:os";
import type { ClaudeRun } from "../crds/claude-run.ts";
import { exitCodes } from "./problem.ts";

const deadlines: ReadonlySet<string> = new Set([
  "DeadlineExceeded",
  "IdleTimeout",
  "NoOutput",
  "QueueDeadlineExceeded",
]);
/** The runner found these before it started claude. */
const preflight: ReadonlySet<string> = new Set([
  "RunnerMissing",
  "ClaudeMissing",
  "ContainerStartFailed",
  "SessionNotFound",
]);

/** claude's own where it ended by itself; documented words of ours where it did not. */
export function exitCodeOf({ status }: ClaudeRun): number {
  if (status?.phase === "Succeeded") return 0;
  if (status?.phase === "Cancelled") return exitCodes.cancelled;
  const reason = status?.failure?.reason ?? "";
  if (deadlines.has(reason)) return exitCodes.timeout;
  const { exitCode, signal } = status?.result ?? {};
  if (exitCode !== undefined && exitCode !== 0) return exitCode & 255 || exitCodes.problem;
  if (signal !== undefined) return 128 + numberOf(signal);
  if (exitCode === undefined && (status?.startTime === undefined || preflight.has(reason))) return exitCodes.notStarted;
  return exitCodes.problem;
}

/** A report can name a signal that this machine does not have. */
function numberOf(signal: string): number {
  const numbers: Readonly<Record<string, number | undefined>> = constants.signals;
  return numbers[signal] ?? 0;
}
