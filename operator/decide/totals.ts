/**
 * What a run of several attempts made and spent in all. The words are the last attempt's, the figures are sums. One that
 * an attempt could not report is not guessed: the sum of the others stands, and `incomplete` says that it is no more.
 */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import { statusLimits } from "../../crds/status.ts";
import type { Run } from "../domain.ts";
import type { Outcome } from "./outcome.ts";

export type Result = NonNullable<ClaudeRunStatus["result"]>;
type Model = NonNullable<Result["models"]>[number];
type Usage = NonNullable<Result["usage"]>;

/** What an attempt left behind; undefined if its container never ran. */
export function attemptResult(run: Run, { report, pod, reason }: Outcome): Result | undefined {
  if (report !== undefined) return report.result;
  const started = pod?.container.kind === "terminated" && pod.container.startedMs !== undefined;
  const unseen = reason === "NodeLost" && pod?.node !== undefined;
  if (!started && !unseen && pod?.container.kind !== "running" && run.status.phase !== "Running") return undefined;
  const turns = run.status.progress?.turns;
  return { ...(turns === undefined ? {} : { turns }), incomplete: true };
}

/** The figures of an attempt that another one follows, for `status.result` until the end. */
export function carried(run: Run, ended: Outcome): Result | undefined {
  const result = attemptResult(run, ended);
  return result === undefined ? run.status.result : plus(run.status.result, figuresOf(result, ended));
}

/** The result of a run that has ended: the last attempt's, with what earlier attempts had left added. */
export function total(
  run: Run,
  last: { readonly result: Result | undefined; readonly ended: Outcome },
): Result | undefined {
  const earlier = run.status.result;
  if (earlier === undefined || last.result === undefined) return last.result ?? earlier;
  return { ...last.result, ...plus(earlier, figuresOf(last.result, last.ended)) };
}

/** Only what can be added up. An attempt that was cut short did not say how long claude worked: its container did. */
function figuresOf(result: Result, { pod }: Outcome): Result {
  const { turns, durationMs = lifetimeMs(pod), apiDurationMs, costUSD, usage, models, permissionDenials } = result;
  return present({
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
  return present({
    turns: sum(a.turns, b.turns),
    durationMs: sum(a.durationMs, b.durationMs),
    // Of a continued session the CLI does not say it: half a sum would mean nothing.
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

/** Ten decimals, as the runner writes money: finer than any price, coarser than the noise of adding floats. */
function sumUSD(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const dollars = Number(a) + Number(b);
  // A forged report can have said anything.
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

/** By name, dearest first, as many as a status holds. */
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
  return present({
    model: a.model,
    costUSD: sumUSD(a.costUSD, b.costUSD),
    inputTokens: sum(a.inputTokens, b.inputTokens),
    outputTokens: sum(a.outputTokens, b.outputTokens),
    cacheReadInputTokens: sum(a.cacheReadInputTokens, b.cacheReadInputTokens),
    cacheCreationInputTokens: sum(a.cacheCreationInputTokens, b.cacheCreationInputTokens),
  });
}

type Maybe<T> = { [K in keyof T]: T[K] | undefined };

function present<T extends object>(fields: Maybe<T>): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
