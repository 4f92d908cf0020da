/** The table cells of a run. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { ageOf } from "../terminal/duration.ts";
import type { Piece, Style } from "../terminal/terminal.ts";
import { isFinished } from "../../crds/finished.ts";
import { succeededCondition } from "../../client/run-facts.ts";

const phaseStyles: Readonly<Record<string, Style>> = {
  Queued: "yellow",
  Pending: "yellow",
  Running: "cyan",
  Succeeded: "green",
  Failed: "red",
  Cancelled: "magenta",
};

/** Returns the phase in its colour; empty for a run without a status. */
export function phaseCell({ status }: ClaudeRun): Piece {
  const phase = status?.phase;
  return phase === undefined ? "" : { text: phase, style: phaseStyles[phase] ?? "reset" };
}

/** Returns the activity of a running run, or the queue position of a queued one. */
export function activityCell(run: ClaudeRun): string {
  const { status } = run;
  if (isFinished(run)) return "";
  if (status?.phase === "Running") return status.progress?.activity ?? "";
  return status?.phase === "Queued" && status.queuePosition !== undefined ? `position ${status.queuePosition}` : "";
}

/** Returns the number of turns so far; empty if unknown. */
export function turnsCell({ status }: ClaudeRun): string {
  return String(status?.result?.turns ?? status?.progress?.turns ?? "");
}

/** Returns the cost in US dollars, or "unknown" for a finished run without one. */
export function costCell(run: ClaudeRun): string {
  return run.status?.result?.costUSD ?? (isFinished(run) ? "unknown" : "");
}

/** Returns the time since the run's creation. */
export function ageCell({ metadata }: ClaudeRun, nowMs: number): string {
  const bornMs = Date.parse(metadata.creationTimestamp);
  return Number.isNaN(bornMs) ? "" : ageOf(nowMs - bornMs);
}

/** Returns the reason of the condition Succeeded. */
export function reasonCell(run: ClaudeRun): string {
  return succeededCondition(run).reason;
}
