/** Shared by the functions that create statuses: conditions with their generation and time, and fields left out. */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import type { Run } from "../domain.ts";
import { updateConditions, type ConditionUpdate } from "./conditions.ts";

/** The status with updated conditions. The run's other conditions do not change. */
export function withConditions(
  run: Run,
  status: ClaudeRunStatus,
  nowMs: number,
  updates: readonly ConditionUpdate[],
): ClaudeRunStatus {
  const conditions = updateConditions(run.status.conditions ?? [], updates, {
    generation: run.generation,
    time: rfc3339(nowMs),
  });
  return { ...status, observedGeneration: run.generation, conditions };
}

/** A time in the API's format. */
export function rfc3339(ms: number): string {
  return new Date(ms).toISOString();
}

/** The status without these fields. */
export function without<K extends keyof ClaudeRunStatus>(
  status: ClaudeRunStatus,
  ...names: readonly K[]
): Omit<ClaudeRunStatus, K> {
  return Object.fromEntries(Object.entries(status).filter(([name]) => !names.includes(name as K))) as Omit<
    ClaudeRunStatus,
    K
  >;
}
