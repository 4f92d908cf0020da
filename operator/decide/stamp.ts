/** What all constructors of a status share: the stamp that each bears, its times, and fields left out. */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import type { Run } from "../domain.ts";
import { withConditions, type Says } from "./conditions.ts";

/** The status with what its conditions say now; those not named stay as the run has them. */
export function stamped(run: Run, status: ClaudeRunStatus, nowMs: number, says: readonly Says[]): ClaudeRunStatus {
  const conditions = withConditions(run.status.conditions ?? [], says, {
    generation: run.generation,
    time: rfc3339(nowMs),
  });
  return { ...status, observedGeneration: run.generation, conditions };
}

/** A time as the API has it. */
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
