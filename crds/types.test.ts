import { expectTypeOf, it } from "vitest";
import type { RunResult, ClaudeOptions } from "../runner/contract.ts";
import type { ClaudeOptionsSpec, ClaudeRunSpec, ClaudeRunSpecInput, Result } from "./claude-run.ts";

it("accepts the runner's result unchanged", () => {
  expectTypeOf<RunResult>().toExtend<Result>();
});

it("names the runner's options as the spec does", () => {
  expectTypeOf<Omit<ClaudeOptionsSpec, "mcpConfigFrom" | "settingsFrom">>().toExtend<ClaudeOptions>();
});

it("makes fields with a default optional for clients and required for readers", () => {
  expectTypeOf<{ agent: string; prompt: string }>().toExtend<ClaudeRunSpecInput>();
  expectTypeOf<ClaudeRunSpec["concurrencyPolicy"]>().toEqualTypeOf<"Queue" | "Forbid" | "Replace">();
  expectTypeOf<ClaudeRunSpec["startDeadlineSeconds"]>().toEqualTypeOf<number>();
});
