/** A run in the cells of a table. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { plain } from "../terminal/cells.ts";
import { ageOf } from "../terminal/duration.ts";
import type { Cell } from "../terminal/table.ts";
import type { Style } from "../terminal/terminal.ts";
import { isFinished, verdictOf } from "../kubernetes/runs.ts";

const phaseStyles: Readonly<Record<string, Style>> = {
  Queued: "yellow",
  Pending: "yellow",
  Running: "cyan",
  Succeeded: "green",
  Failed: "red",
  Cancelled: "magenta",
};

/** The phase in its colour; a run that no operator has seen has none. */
export function phaseCell({ status }: ClaudeRun): Cell {
  const phase = status?.phase;
  return phase === undefined ? "" : { text: phase, style: phaseStyles[phase] ?? "reset" };
}

/** What it does, or its place in the queue; why it waits is its reason. */
export function activityOf(run: ClaudeRun): string {
  const { status } = run;
  if (isFinished(run)) return "";
  if (status?.phase === "Running") return plain(status.progress?.activity ?? "");
  return status?.phase === "Queued" && status.queuePosition !== undefined ? `place ${status.queuePosition}` : "";
}

/** Turns so far; empty if they are not known. */
export function turnsOf({ status }: ClaudeRun): string {
  return String(status?.result?.turns ?? status?.progress?.turns ?? "");
}

/** Dollars as the status has them; of a finished run that does not know, the word absent. */
export function costOf(run: ClaudeRun): string {
  return run.status?.result?.costUSD ?? (isFinished(run) ? "absent" : "");
}

/** Since its creation. */
export function ageCell({ metadata }: ClaudeRun, nowMs: number): string {
  const bornMs = Date.parse(metadata.creationTimestamp);
  return Number.isNaN(bornMs) ? "" : ageOf(nowMs - bornMs);
}

/** Why it is in its phase. */
export function reasonOf(run: ClaudeRun): string {
  return plain(verdictOf(run).reason);
}
