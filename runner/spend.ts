/**
 * What THIS run spent. Newer CLIs print per result what came since the last one, and in `total_cost_usd` the session's
 * running total across resumes; 2.1.197 knows only totals of its own process. The two must never be mixed.
 */
import type { RunResult, Usage } from "./contract.ts";
import { asObject, numberAt, objectAt, type JsonObject } from "./event.ts";
import { decimalUSD } from "./money.ts";

/** Tokens and US dollars of one model, added up. */
export interface ModelSpend extends Usage {
  readonly costUSD: number;
}
export type SpendByModel = ReadonlyMap<string, ModelSpend>;

/** The fields of `status.result` that money and tokens fill; absent where nothing is known. */
export type SpendFields = Pick<RunResult, "costUSD" | "usage" | "models">;

const nothing: ModelSpend = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadInputTokens: 0,
  cacheCreationInputTokens: 0,
  costUSD: 0,
};
/** The contract shows the four dearest models. */
const maxModels = 4;

/** Adds up the results of one run. */
export class RunSpend {
  #models: SpendByModel = new Map();
  #costUSD: number | undefined;
  #usage: Usage | undefined;
  #seen = false;

  /** Takes a `result` event into account. */
  add(result: JsonObject): void {
    const since = objectAt(result, "model_usage_since_last_result");
    if (since !== undefined) this.#addSince(readModels(since));
    else if ("result_index" in result) this.#addUnpriced(result);
    else this.#replace(result);
    this.#seen = true;
  }

  /** Empty if there was no result. */
  fields(): SpendFields {
    return this.#seen ? spendFields(this.#models, this.#costUSD, this.#usage) : {};
  }

  #addSince(models: SpendByModel): void {
    this.#models = combine(this.#models, models, 1);
    this.#costUSD = this.#seen && this.#costUSD === undefined ? undefined : totalCost(this.#models);
    this.#usage = totalUsage(this.#models);
  }

  /** A newer CLI that did not say: nothing was spent if the API was never called, otherwise it is not known. */
  #addUnpriced(result: JsonObject): void {
    const free = numberAt(result, "duration_api_ms") === 0;
    const before = this.#seen ? this.#costUSD : 0;
    this.#costUSD = free ? before : undefined;
    this.#usage ??= usageOf(result);
  }

  #replace(result: JsonObject): void {
    this.#models = readModels(objectAt(result, "modelUsage") ?? {});
    this.#costUSD = numberAt(result, "total_cost_usd");
    this.#usage = this.#models.size > 0 ? totalUsage(this.#models) : usageOf(result);
  }
}

/** Formats what was added up; `costUSD` undefined means that the amount is not known. */
export function spendFields(
  models: SpendByModel,
  costUSD: number | undefined,
  usage = totalUsage(models),
): SpendFields {
  const cost = costUSD === undefined ? undefined : decimalUSD(costUSD);
  const dearest = [...models].sort(([, a], [, b]) => b.costUSD - a.costUSD).slice(0, maxModels);
  return {
    ...(cost !== undefined && { costUSD: cost }),
    usage,
    ...(dearest.length > 0 && { models: dearest.map(([model, spend]) => modelField(model, spend)) }),
  };
}

/** Reads `modelUsage` and its relatives: model name to tokens and cost. */
export function readModels(models: JsonObject): SpendByModel {
  return new Map(Object.entries(models).map(([model, value]) => [model, readModel(asObject(value))]));
}

/** `a + sign * b`, model by model. */
export function combine(a: SpendByModel, b: SpendByModel, sign: 1 | -1): SpendByModel {
  const sum = new Map(a);
  for (const [model, spend] of b) sum.set(model, addSpend(sum.get(model) ?? nothing, spend, sign));
  return sum;
}

function modelField(model: string, spend: ModelSpend): NonNullable<RunResult["models"]>[number] {
  const { costUSD, ...tokens } = spend;
  const cost = decimalUSD(costUSD);
  return { model, ...(cost !== undefined && { costUSD: cost }), ...tokens };
}

function readModel(model: JsonObject | undefined): ModelSpend {
  return {
    inputTokens: numberAt(model, "inputTokens") ?? 0,
    outputTokens: numberAt(model, "outputTokens") ?? 0,
    cacheReadInputTokens: numberAt(model, "cacheReadInputTokens") ?? 0,
    cacheCreationInputTokens: numberAt(model, "cacheCreationInputTokens") ?? 0,
    costUSD: numberAt(model, "costUSD") ?? 0,
  };
}

function usageOf(result: JsonObject): Usage {
  const usage = objectAt(result, "usage");
  return {
    inputTokens: numberAt(usage, "input_tokens") ?? 0,
    outputTokens: numberAt(usage, "output_tokens") ?? 0,
    cacheReadInputTokens: numberAt(usage, "cache_read_input_tokens") ?? 0,
    cacheCreationInputTokens: numberAt(usage, "cache_creation_input_tokens") ?? 0,
  };
}

function addSpend(a: ModelSpend, b: ModelSpend, sign: 1 | -1): ModelSpend {
  return {
    inputTokens: a.inputTokens + sign * b.inputTokens,
    outputTokens: a.outputTokens + sign * b.outputTokens,
    cacheReadInputTokens: a.cacheReadInputTokens + sign * b.cacheReadInputTokens,
    cacheCreationInputTokens: a.cacheCreationInputTokens + sign * b.cacheCreationInputTokens,
    costUSD: a.costUSD + sign * b.costUSD,
  };
}

function totalCost(models: SpendByModel): number {
  return [...models.values()].reduce((sum, spend) => sum + spend.costUSD, 0);
}

function totalUsage(models: SpendByModel): Usage {
  const { inputTokens, outputTokens, cacheReadInputTokens, cacheCreationInputTokens } = [...models.values()].reduce(
    (sum, spend) => addSpend(sum, spend, 1),
    nothing,
  );
  return { inputTokens, outputTokens, cacheReadInputTokens, cacheCreationInputTokens };
}
