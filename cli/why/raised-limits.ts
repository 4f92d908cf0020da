/** Flags that double the limit that ended a run; undefined if it is unknown or at its maximum. Pure. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { flagsOf, type Command } from "../shell-command.ts";

const day = 86_400;
const outputVariable = "CLAUDE_CODE_MAX_OUTPUT_TOKENS";
/** Claude Code's usual maximum is 32,000; the models end at 128,000. */
const usualOutputTokens = 32_000;
const maxOutputTokens = 128_000;

export function queueDeadline({ spec }: ClaudeRun): Command | undefined {
  return seconds("--queue-deadline", spec.queueDeadlineSeconds, 365 * day);
}

export function startDeadline({ spec }: ClaudeRun): Command | undefined {
  return seconds("--start-deadline", spec.startDeadlineSeconds, 7 * day);
}

export function timeout({ spec }: ClaudeRun): Command | undefined {
  return seconds("--timeout", spec.activeDeadlineSeconds, 30 * day);
}

export function maxTurns({ spec }: ClaudeRun): Command | undefined {
  return doubled(spec.claude?.maxTurns, 1_000_000, (turns) => ["--max-turns", String(turns)]);
}

export function budget({ spec }: ClaudeRun): Command | undefined {
  const dollars = Number(spec.budget?.maxCostUSD);
  return doubled(Number.isFinite(dollars) ? dollars : undefined, 999_999, (twice) => [
    "--max-budget-usd",
    // Below a cent, two decimals are not enough.
    twice < 0.01 ? twice.toFixed(6) : twice.toFixed(2),
  ]);
}

export function memory({ spec }: ClaudeRun): Command | undefined {
  return quantity("--memory", spec.pod?.resources?.limits?.["memory"]);
}

/** Undefined for a limit of the operator's defaults: a copy with resources of its own would lose the other defaults. */
export function ownLimit({ spec, status }: ClaudeRun): Command | undefined {
  const isOfStorage = /spec\.pod\.resources\.limits\.ephemeral-storage/u.test(status?.failure?.message ?? "");
  return isOfStorage ? quantity("--ephemeral-storage", spec.pod?.resources?.limits?.["ephemeral-storage"]) : undefined;
}

export function outputTokens({ spec }: ClaudeRun): Command | undefined {
  const variable = spec.pod?.env?.findLast(({ name }) => name === outputVariable);
  const tokens = variable === undefined ? usualOutputTokens : Number(variable.value);
  return doubled(Number.isFinite(tokens) ? tokens : usualOutputTokens, maxOutputTokens, (twice) => [
    "--env",
    `${outputVariable}=${twice}`,
  ]);
}

function seconds(flag: string, given: number | undefined, max: number): Command | undefined {
  return doubled(given, max, (twice) => [flag, `${twice}s`]);
}

function doubled(given: number | undefined, max: number, flags: (twice: number) => Command): Command | undefined {
  return given === undefined || given <= 0 || given >= max ? undefined : flags(Math.min(2 * given, max));
}

/** Doubles a Kubernetes quantity and keeps its unit. */
function quantity(flag: string, given: string | number | undefined): Command | undefined {
  const { amount, unit = "" } =
    /^(?<amount>\d{1,15}(?:\.\d{1,3})?)(?<unit>[KMGTPE]i|[kMGTPE])?$/.exec(`${given}`)?.groups ?? {};
  return amount === undefined || Number(amount) === 0 ? undefined : flagsOf([[flag, `${2 * Number(amount)}${unit}`]]);
}
