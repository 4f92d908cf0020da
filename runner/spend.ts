/**
 * Spend of THIS run. Newer CLIs report per result the spend since the last one, and in `total_cost_usd` the
 * session's total across resumes; 2.1.197 reports only totals of its own process. The two must never be mixed.
 */
import type { RunResult, Usage } from "./contract.ts";
import { asObject, numberField, objectField, type JsonObject } from "./event.ts";
import { decimalUSD } from "./money.ts";

/** Sum of tokens and US dollars of one model. */
export interface ModelSpend extends Usage {
  readonly costUSD: number;
}
export type SpendByModel = ReadonlyMap<string, ModelSpend>;

/** Cost and token fields of `status.result`; absent if unknown. */
export type SpendFields = Pick<RunResult, "costUSD" | "usage" | "models">;

const noSpend: ModelSpend = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadInputTokens: 0,
  cacheCreationInputTokens: 0,
  costUSD: 0,
};
/** Only the four most expensive models are reported. */
const maxModels = 4;

/** Adds up the results of one run. */
export class RunSpend {
  #models: SpendByModel = new Map();
  #costUSD: number | undefined;
  #usage: Usage | undefined;
  #hasResult = false;

  /** Adds a `result` event. */
  add(result: JsonObject): void {
    const since = objectField(result, "model_usage_since_last_result");
    if (since !== undefined) this.#addSince(readModels(since));
    else if ("result_index" in result) this.#addUnpriced(result);
    else this.#replace(result);
    this.#hasResult = true;
  }

  /** Returns the fields; empty without a result. */
  fields(): SpendFields {
    return this.#hasResult ? spendFields(this.#models, this.#costUSD, this.#usage) : {};
  }

  #addSince(models: SpendByModel): void {
    this.#models = addScaled(this.#models, models, 1);
    this.#costUSD = this.#hasResult && this.#costUSD === undefined ? undefined : totalCost(this.#models);
    this.#usage = totalUsage(this.#models);
  }

  /**
   * Adds a result of a newer CLI without spend since the last one, as with --output-format json. If its tokens
   * equal the session's, the session's total is this run's cost. If the API was not called, the cost is 0.
   * Otherwise it is unknown.
   */
  #addUnpriced(result: JsonObject): void {
    if (!this.#hasResult && isWholeSession(result)) {
      this.#replace(result);
      return;
    }
    const free = numberField(result, "duration_api_ms") === 0;
    const before = this.#hasResult ? this.#costUSD : 0;
    this.#costUSD = free ? before : undefined;
    this.#usage ??= usageOf(result);
  }

  #replace(result: JsonObject): void {
    this.#models = readModels(objectField(result, "modelUsage") ?? {});
    this.#costUSD = numberField(result, "total_cost_usd");
    this.#usage = this.#models.size > 0 ? totalUsage(this.#models) : usageOf(result);
  }
}

/** Formats sums; an undefined `costUSD` is unknown. */
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

/** Reads `modelUsage` and similar objects: model name to tokens and cost. */
export function readModels(models: JsonObject): SpendByModel {
  return new Map(Object.entries(models).map(([model, value]) => [model, readModel(asObject(value))]));
}

/** Returns `a + sign * b` per model. */
export function addScaled(a: SpendByModel, b: SpendByModel, sign: 1 | -1): SpendByModel {
  const sum = new Map(a);
  for (const [model, spend] of b) sum.set(model, addSpend(sum.get(model) ?? noSpend, spend, sign));
  return sum;
}

function modelField(model: string, spend: ModelSpend): NonNullable<RunResult["models"]>[number] {
  const { costUSD, ...tokens } = spend;
  const cost = decimalUSD(costUSD);
  return { model, ...(cost !== undefined && { costUSD: cost }), ...tokens };
}

function readModel(model: JsonObject | undefined): ModelSpend {
  return {
    inputTokens: numberField(model, "inputTokens") ?? 0,
    outputTokens: numberField(model, "outputTokens") ?? 0,
    cacheReadInputTokens: numberField(model, "cacheReadInputTokens") ?? 0,
    cacheCreationInputTokens: numberField(model, "cacheCreationInputTokens") ?? 0,
    costUSD: numberField(model, "costUSD") ?? 0,
  };
}

function isWholeSession(result: JsonObject): boolean {
  const models = readModels(objectField(result, "modelUsage") ?? {});
  const [session, own] = [totalUsage(models), usageOf(result)];
  return (
    models.size > 0 &&
    session.inputTokens === own.inputTokens &&
    session.outputTokens === own.outputTokens &&
    session.cacheReadInputTokens === own.cacheReadInputTokens &&
    session.cacheCreationInputTokens === own.cacheCreationInputTokens
  );
}

function usageOf(result: JsonObject): Usage {
  const usage = objectField(result, "usage");
  return {
    inputTokens: numberField(usage, "input_tokens") ?? 0,
    outputTokens: numberField(usage, "output_tokens") ?? 0,
    cacheReadInputTokens: numberField(usage, "cache_read_input_tokens") ?? 0,
    cacheCreationInputTokens: numberField(usage, "cache_creation_input_tokens") ?? 0,
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
    noSpend,
  );
  return { inputTokens, outputTokens, cacheReadInputTokens, cacheCreationInputTokens };
}
