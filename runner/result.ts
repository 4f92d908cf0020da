/** Builds `status.result` from the facts; unknown fields are absent. */
import { compact } from "../crds/json.ts";
import type { RunResult } from "./contract.ts";
import type { Ending } from "./ending.ts";
import type { Facts } from "./facts.ts";
import type { SpendFields } from "./spend.ts";

/** Returns the result. `spend` replaces unknown spend (cost-state.ts). report.ts bounds the text later. */
export function resultOf(facts: Facts, ending: Ending = {}, spend: SpendFields = facts.spend()): RunResult {
  const last = facts.lastResult;
  return compact({
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
