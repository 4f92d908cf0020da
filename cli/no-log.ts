/** Messages that explain why a run has no log, with the next command. */
import type { ClaudeRun } from "../crds/claude-run.ts";
import { isFinished } from "../crds/finished.ts";
import { succeededCondition } from "../client/run-facts.ts";
import type { CommandContext } from "./command-context.ts";

/** Time after which a state without a progress message is printed. */
export const silenceMs = 3_000;

/** Returns true once the container of the newest attempt has started. */
export function hasStarted({ status }: ClaudeRun): boolean {
  if (status?.startTime === undefined || status.phase === "Queued" || status.phase === "Pending") return false;
  return true;
}

/** Returns what a run without a log waits for, or why a finished one has none. */
export function noLogMessage(ctx: CommandContext, run: ClaudeRun): string {
  const { name } = run.metadata;
  const { phase, attempt = 1 } = run.status ?? {};
  const { reason, message } = succeededCondition(run);
  if (isFinished(run)) {
    const ended = `${name} finished (${reason})`;
    const empty = hasStarted(run) ? "and its log is empty" : "before its container started, so it has no log";
    return `${ended} ${empty}; for details: ${ctx.command("why", name)}`;
  }
  if (phase === undefined) return unseenMessage(ctx, run);
  const detail = [reason, message].filter((part) => part !== "").join(": ");
  const earlier =
    attempt > 1 && !hasStarted(run)
      ? `; for its earlier attempt: ${ctx.command("logs", "--attempt", String(attempt - 1), name)}`
      : "";
  const next =
    reason === "Suspended"
      ? `to admit it: ${ctx.command("resume", name)}`
      : `to wait for it: ${ctx.command("logs", "-f", name)}`;
  const state = phase === "Running" ? "its log is empty" : "it has no log yet";
  return `${name} is ${phase} (${detail}), ${state}; ${next}${earlier}`;
}

/** Returns the message for a state without progress messages that has lasted; undefined for all other states. */
export function silentStateMessage(ctx: CommandContext, run: ClaudeRun): string | undefined {
  const { name } = run.metadata;
  const { reason, message } = succeededCondition(run);
  if (isFinished(run)) return undefined;
  if (run.status?.phase === undefined) return unseenMessage(ctx, run);
  if (run.status.phase !== "Queued") return undefined;
  if (reason === "Suspended") return `${name} is suspended; to admit it: ${ctx.command("resume", name)}`;
  return reason === "Admitting" ? `${name} is being admitted: ${message}` : undefined;
}

function unseenMessage(ctx: CommandContext, { metadata }: ClaudeRun): string {
  return `no operator has processed ${metadata.name} yet; to check the operator: ${ctx.command("doctor")}`;
}
