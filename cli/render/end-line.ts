/** One line about the end of a run. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { succeededCondition } from "../../client/run-facts.ts";
import { ageOf } from "../terminal/duration.ts";
import { visible } from "../terminal/hidden.ts";
import { styled, type Line } from "../terminal/terminal.ts";
import type { CommandContext } from "../command-context.ts";

/** "nightly-x7k2p succeeded: 12 turns, $0.4181, 3m12s"; a failure with its message and where to read on. */
export function endLine(ctx: CommandContext, run: ClaudeRun): Line {
  const { name } = run.metadata;
  const figures = figuresOf(run).join(", ");
  const { reason, message } = succeededCondition(run);
  switch (run.status?.phase) {
    case "Succeeded":
      return styled("green", `${name} succeeded${figures === "" ? "" : `: ${figures}`}`);
    case "Cancelled":
      return styled("magenta", `${name} was cancelled (${reason}): ${firstLine(message)}`);
    case "Failed":
    case "Queued":
    case "Pending":
    case "Running":
    case undefined:
      return styled("red", `${name} failed (${reason}): ${firstLine(message)} [${ctx.command("why", name)}]`);
  }
}

/** Returns turns, cost and duration, as far as they are known. */
export function figuresOf({ status }: ClaudeRun): string[] {
  const { turns, costUSD, incomplete } = status?.result ?? {};
  const tookMs = Date.parse(status?.completionTime ?? "") - Date.parse(status?.startTime ?? "");
  return [
    ...(turns === undefined ? [] : [`${turns} ${turns === 1 ? "turn" : "turns"}`]),
    costUSD === undefined ? "cost unknown" : `$${costUSD}${incomplete === true ? " or more" : ""}`,
    ...(Number.isNaN(tookMs) ? [] : [ageOf(tookMs)]),
  ];
}

function firstLine(text: string): string {
  return visible(text).split("\n", 1)[0] ?? "";
}
