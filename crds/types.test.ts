import { expect, it } from "vitest";
import type { RunResult, ClaudeOptions } from "../runner/contract.ts";
import type { ClaudeOptionsSpec, ClaudeRunSpec, ClaudeRunSpecInput, Result } from "./claude-run.ts";

it("takes the runner's result as it is", () => {
  const fromRunner: RunResult = {
    usage: { inputTokens: 1, outputTokens: 2, cacheReadInputTokens: 3, cacheCreationInputTokens: 4 },
  };
  const result: Result = fromRunner;
  expect(result.usage?.outputTokens).toBe(2);
});

it("gives the runner its options in the spec's words", () => {
  const options: Omit<ClaudeOptionsSpec, "mcpConfigFrom" | "settingsFrom"> = { model: "opus", maxTurns: 3 };
  const forRunner: ClaudeOptions = options;
  expect(forRunner.maxTurns).toBe(3);
});

it("lets a client leave out what has a default, and a reader rely on it", () => {
  const written: ClaudeRunSpecInput = { agent: "reviewer", prompt: "Hello" };
  const policy = (spec: ClaudeRunSpec): "Queue" | "Forbid" | "Replace" => spec.concurrencyPolicy;
  const seconds = (spec: ClaudeRunSpec): number => spec.startDeadlineSeconds;
  expect([written.agent, policy, seconds]).toHaveLength(3);
});
