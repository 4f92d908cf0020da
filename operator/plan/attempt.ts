/** What a second or later attempt is given that the first was not: a session to continue, and what is left of the limits. */
import type { ClaudeRun, ClaudeRunSpec } from "../../crds/claude-run.ts";

/**
 * What claude is told when it goes on. The run's own prompt stands in the conversation already: said twice, it would be
 * done twice.
 */
export const continuationPrompt =
  "You were interrupted: the container that you worked in was taken away, and you are now in a new one. " +
  "The files of your working directory are as you left them; processes that you had started are gone. " +
  "Check what the step that was cut short had already done, then go on with the task.";

/** The session that an attempt continues; undefined if it has to begin as the first one did. */
export function continuationOf({ spec, status }: ClaudeRun, attempt: number): string | undefined {
  const session = status?.session?.id;
  if (attempt === 1 || session === undefined) return undefined;
  // A session that is older than the run may not have heard its prompt before the first answer to it.
  const heard = spec.session === undefined || (status?.result?.turns ?? 0) > 0;
  return heard ? session : undefined;
}

/** Less than this would be no limit to the CLI. */
const leastUSD = 0.000001;

/**
 * The spec with its limits as far as earlier attempts have left them: maxTurns, budget and activeDeadlineSeconds are the
 * run's, not each attempt's. Something always is left, so that the limit's own end is reported and not the disruption's.
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
  // A forged report can have said anything.
  if (Number.isNaN(left)) return budget;
  return Math.max(leastUSD, left)
    .toFixed(10)
    .replace(/\.?0+$/, "");
}
