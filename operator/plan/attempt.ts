/** Differences of a later attempt: it continues a session, and has the rest of the limits. */
import type { ClaudeRun, ClaudeRunSpec } from "../../crds/claude-run.ts";

/**
 * The prompt of a continued session. The conversation already contains the run's prompt, which claude would execute a
 * second time.
 */
export const continuationPrompt =
  "You were interrupted: the container that you worked in was taken away, and you are now in a new one. " +
  "The files of your working directory are as you left them; processes that you had started are gone. " +
  "Check what the step that was cut short had already done, then continue the task.";

/** The session that an attempt continues; undefined if the attempt starts like the first one. */
export function continuationOf({ spec, status }: ClaudeRun, attempt: number): string | undefined {
  const session = status?.session?.id;
  if (attempt === 1 || session === undefined) return undefined;
  // A session that is older than the run may lack its prompt until the first turn.
  const hasPrompt = spec.session === undefined || (status?.result?.turns ?? 0) > 0;
  return hasPrompt ? session : undefined;
}

/** The CLI ignores a lower budget. */
const minUSD = 0.000001;

/**
 * The spec with the rest of its limits after earlier attempts: maxTurns, budget and activeDeadlineSeconds apply to the
 * run, not to each attempt. The rest is never 0, so that claude reports the limit itself.
 */
export function remainingSpec({ spec, status }: Pick<ClaudeRun, "spec" | "status">, attempt: number): ClaudeRunSpec {
  const used = attempt === 1 ? undefined : status?.result;
  if (used === undefined) return spec;
  const { turns = 0, costUSD = "0", durationMs = 0 } = used;
  const { claude, budget, activeDeadlineSeconds } = spec;
  const { maxTurns = 0 } = claude ?? {};
  return {
    ...spec,
    ...(maxTurns === 0 ? {} : { claude: { ...claude, maxTurns: Math.max(1, maxTurns - turns) } }),
    ...(budget === undefined ? {} : { budget: { maxCostUSD: leftUSD(budget.maxCostUSD, costUSD) } }),
    ...(activeDeadlineSeconds === undefined
      ? {}
      : { activeDeadlineSeconds: Math.max(1, activeDeadlineSeconds - Math.floor(durationMs / 1000)) }),
  };
}

function leftUSD(budget: string, spent: string): string {
  const left = Number(budget) - Number(spent);
  // A forged report may contain anything.
  if (Number.isNaN(left)) return budget;
  return Math.max(minUSD, left)
    .toFixed(10)
    .replace(/\.?0+$/, "");
}
