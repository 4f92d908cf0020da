/** Proposes complete commands for a run, which work as shown. Pure. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { isFinished } from "../../crds/finished.ts";
import { isSafeToShow, commandOf, type Command } from "../shell-command.ts";
import { stepAfter } from "./next-steps.ts";

/** Returns the commands in the order of their use, without those that have hidden characters. */
export function nextCommands(run: ClaudeRun, reason: string, flags: Command): Command[] {
  const { name } = run.metadata;
  const command = (name: string, ...words: Command): Command => commandOf(flags, name, ...words);
  const step = isFinished(run) ? stepAfter(run, reason) : undefined;
  const commands = isFinished(run)
    ? [
        ...(hasLog(run) ? [command("logs", name)] : []),
        ...(step === undefined ? [] : [command(step[0] ?? "retry", ...step.slice(1), name)]),
      ]
    : [
        ...(run.status?.phase === undefined ? [command("doctor")] : []),
        ...(hasLog(run) || run.status?.phase === "Pending" ? [command("logs", "-f", name)] : []),
        ...(reason === "Suspended" ? [command("resume", name)] : []),
        ...(run.spec.cancel ? [] : [command("cancel", name)]),
      ];
  return commands.filter(isSafeToShow);
}

function hasLog(run: ClaudeRun): boolean {
  return run.status?.startTime !== undefined && !isLogGone(run);
}

/** Returns true if the log was deleted, as the status says. */
export function isLogGone({ status }: ClaudeRun): boolean {
  return status?.conditions?.some(({ type, status: holds }) => type === "LogsAvailable" && holds === "False") === true;
}
