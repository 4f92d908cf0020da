/**
 * Adds up the results of a run's attempts. Texts are those of the last attempt, and figures are sums. A figure that an
 * attempt did not report is not guessed: the sum is that of the other attempts, and `incomplete` is true.
 */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import { compact } from "../../crds/json.ts";
import { statusLimits } from "../../crds/status.ts";
import type { Run } from "../domain.ts";
import type { Outcome } from "./outcome.ts";

export type Result = NonNullable<ClaudeRunStatus["result"]>;
type Model = NonNullable<Result["models"]>[number];
type Usage = NonNullable<Result["usage"]>;

/** The result of an attempt; undefined if its container never ran. */
export function attemptResult(run: Run, { report, pod, reason }: Outcome): Result | undefined {
  if (report !== undefined) return report.result;
  const started = pod?.container.kind === "terminated" && pod.container.startedMs !== undefined;
  const unseen = (reason === "NodeLost" || reason === "ContainerLost") && pod?.node !== undefined;
  if (!started && !unseen && pod?.container.kind !== "running" && run.status.phase !== "Running") return undefined;
  const turns = run.status.progress?.turns;
  return { ...(turns === undefined ? {} : { turns }), incomplete: true };
}

/** The figures of all attempts so far, for `status.result` between attempts. */
export function carried(run: Run, ended: Outcome): Result | undefined {
  const result = attemptResult(run, ended);
  return result === undefined ? run.status.result : plus(run.status.result, figuresOf(result, ended));
}

/** The result of a finished run: that of the last attempt, with the figures of earlier attempts added. */
export function total(
  run: Run,
  last: { readonly result: Result | undefined; readonly ended: Outcome },
): Result | undefined {
  const earlier = run.status.result;
  if (earlier === undefined || last.result === undefined) return last.result ?? earlier;
  return { ...last.result, ...plus(earlier, figuresOf(last.result, last.ended)) };
}

/** Only the figures that can be added. Without a reported duration, the container's counts. */
function figuresOf(result: Result, { pod }: Outcome): Result {
  const { turns, durationMs = lifetimeMs(pod), apiDurationMs, costUSD, usage, models, permissionDenials } = result;
  return compact({
    turns,
    durationMs,
    apiDurationMs,
    costUSD,
    usage,
    models,
    permissionDenials,
    incomplete: result.incomplete === true || costUSD === undefined ? true : undefined,
  });
}

function lifetimeMs(pod: Outcome["pod"]): number | undefined {
  if (pod?.container.kind !== "terminated") return undefined;
  const { startedMs, finishedMs } = pod.container;
  return startedMs === undefined || finishedMs === undefined ? undefined : Math.max(0, finishedMs - startedMs);
}

function plus(a: Result | undefined, b: Result): Result {
  if (a === undefined) return b;
  return compact({
    turns: sum(a.turns, b.turns),
    durationMs: sum(a.durationMs, b.durationMs),
    // The CLI does not report it for a continued session, and a partial sum would be useless.
    apiDurationMs:
      a.apiDurationMs === undefined || b.apiDurationMs === undefined
        ? undefined
        : sum(a.apiDurationMs, b.apiDurationMs),
    costUSD: sumUSD(a.costUSD, b.costUSD),
    usage: sumUsage(a.usage, b.usage),
    models: sumModels(a.models, b.models),
    permissionDenials: sum(a.permissionDenials, b.permissionDenials),
    incomplete: a.incomplete === true || b.incomplete === true ? true : undefined,
  });
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : a + b;
}

/** Ten decimals, like the runner: finer than any price, and coarser than rounding errors. */
function sumUSD(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const dollars = Number(a) + Number(b);
  // A forged report may contain anything.
  return Number.isFinite(dollars) && dollars < 1e15 ? dollars.toFixed(10).replace(/\.?0+$/, "") : undefined;
}

function sumUsage(a: Usage | undefined, b: Usage | undefined): Usage | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cacheReadInputTokens: a.cacheReadInputTokens + b.cacheReadInputTokens,
    cacheCreationInputTokens: a.cacheCreationInputTokens + b.cacheCreationInputTokens,
  };
}

/** Sums by model name, most expensive first, limited to what a status holds. */
function sumModels(a: readonly Model[] | undefined, b: readonly Model[] | undefined): Model[] | undefined {
  if (a === undefined && b === undefined) return undefined;
  const byName = new Map<string, Model>();
  for (const model of [...(a ?? []), ...(b ?? [])]) {
    const known = byName.get(model.model);
    byName.set(model.model, known === undefined ? model : sumModel(known, model));
  }
  return [...byName.values()]
    .sort((x, y) => Number(y.costUSD ?? 0) - Number(x.costUSD ?? 0))
    .slice(0, statusLimits.models);
}

function sumModel(a: Model, b: Model): Model {
  return compact({
    model: a.model,
    costUSD: sumUSD(a.costUSD, b.costUSD),
    inputTokens: sum(a.inputTokens, b.inputTokens),
    outputTokens: sum(a.outputTokens, b.outputTokens),
    cacheReadInputTokens: sum(a.cacheReadInputTokens, b.cacheReadInputTokens),
    cacheCreationInputTokens: sum(a.cacheCreationInputTokens, b.cacheCreationInputTokens),
  });
}
