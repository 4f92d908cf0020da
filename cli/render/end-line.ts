/** How a run ended, in one line. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { verdictOf } from "../kubernetes/runs.ts";
import { plain } from "../terminal/cells.ts";
import { ageOf } from "../terminal/duration.ts";
import type { Session } from "../session.ts";

/** "nightly-x7k2p succeeded: 12 turns, $0.4181, 3m12s"; a failure with its message and where to read on. */
export function endLine({ terminal, where }: Session, run: ClaudeRun): string {
  const { name } = run.metadata;
  const figures = figuresOf(run).join(", ");
  const { reason, message } = verdictOf(run);
  switch (run.status?.phase) {
    case "Succeeded":
      return terminal.paint("green", `${name} succeeded${figures === "" ? "" : `: ${figures}`}`);
    case "Cancelled":
      return terminal.paint("magenta", `${name} was cancelled (${reason}): ${firstLine(message)}`);
    case "Failed":
    case "Queued":
    case "Pending":
    case "Running":
    case undefined:
      return terminal.paint(
        "red",
        `${name} failed (${reason}): ${firstLine(message)} [kubectl claude why ${where}${name}]`,
      );
  }
}

/** Turns, cost and time, as far as they are known. */
export function figuresOf({ status }: ClaudeRun): string[] {
  const { turns, costUSD, incomplete } = status?.result ?? {};
  const tookMs = Date.parse(status?.completionTime ?? "") - Date.parse(status?.startTime ?? "");
  return [
    ...(turns === undefined ? [] : [`${turns} ${turns === 1 ? "turn" : "turns"}`]),
    costUSD === undefined ? "cost absent" : `$${costUSD}${incomplete === true ? " or more" : ""}`,
    ...(Number.isNaN(tookMs) ? [] : [ageOf(tookMs)]),
  ];
}

function firstLine(text: string): string {
  return plain(text).split("\n", 1)[0] ?? "";
}
