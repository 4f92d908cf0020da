import { expect, test } from "vitest";
import { RunSpend } from "./spend.ts";

const usage = { input_tokens: 100, output_tokens: 10, cache_read_input_tokens: 5, cache_creation_input_tokens: 1 };
const model = {
  inputTokens: 100,
  outputTokens: 10,
  cacheReadInputTokens: 5,
  cacheCreationInputTokens: 1,
  costUSD: 0.0006,
};
const saved = { result_index: 0, duration_api_ms: 30, total_cost_usd: 0.0006, usage, modelUsage: { m: model } };

function fieldsOf(...results: readonly object[]): ReturnType<RunSpend["fields"]> {
  const spend = new RunSpend();
  for (const result of results) spend.add(result as Readonly<Record<string, unknown>>);
  return spend.fields();
}

test("a saved result costs the session's total if it has all tokens of the session", () => {
  expect(fieldsOf(saved)).toMatchObject({ costUSD: "0.0006", models: [{ model: "m", costUSD: "0.0006" }] });
});

test("the cost of a session with earlier spend or subagents is unknown", () => {
  expect(
    fieldsOf({ ...saved, total_cost_usd: 0.0012, modelUsage: { m: { ...model, outputTokens: 20 } } }).costUSD,
  ).toBe(undefined);
  expect(fieldsOf({ ...saved, modelUsage: { m: model, sub: model } }).costUSD).toBe(undefined);
  expect(fieldsOf({ ...saved, modelUsage: {} }).costUSD).toBe(undefined);
  expect(fieldsOf(saved, saved).costUSD).toBe(undefined);
});
