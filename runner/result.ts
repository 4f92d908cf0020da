/** `status.result` from the facts: what is not known is left out. */
import type { RunResult } from "./contract.ts";
import type { Ending } from "./ending.ts";
import type { Facts } from "./facts.ts";
import type { SpendFields } from "./spend.ts";

/** `spend` stands in where the facts say nothing of money (cost-state.ts). The text is whole: report.ts bounds it. */
export function resultOf(facts: Facts, ending: Ending = {}, spend: SpendFields = facts.spend()): RunResult {
  const last = facts.last;
  return withoutAbsent({
    subtype: last?.subtype,
    isError: last?.isError,
    text: last?.text,
    turns: facts.turns,
    durationMs: facts.durationMs,
    apiDurationMs: facts.apiDurationMs,
    stopReason: last?.stopReason,
    costUSD: spend.costUSD,
    usage: spend.usage,
    models: spend.models,
    permissionDenials: last?.permissionDenials,
    exitCode: ending.exitCode,
    signal: ending.signal,
  });
}

type Maybe<T> = { [K in keyof T]: T[K] | undefined };

function withoutAbsent(result: Maybe<RunResult>): RunResult {
  return Object.fromEntries(Object.entries(result).filter(([, value]) => value !== undefined));
}
