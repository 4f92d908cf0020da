/** Start deadline of an attempt: one rule for the operator, which enforces it, and for clients, which show it. */
import type { ClaudeRunSpec, ClaudeRunStatus } from "./claude-run.ts";

/** Input of the deadline. Times are milliseconds since the epoch. */
export interface Attempt {
  readonly spec: Pick<ClaudeRunSpec, "startDeadlineSeconds">;
  readonly status: Pick<ClaudeRunStatus, "admittedTime" | "conditions">;
  /** Creation of the run. */
  readonly createdMs: number;
}

/**
 * Returns the deadline of an attempt with a pod. It counts from admission, or from the creation of a later
 * attempt's pod.
 */
export function startDeadlineMs({ spec, status, createdMs }: Attempt, podCreatedMs: number): number {
  return Math.max(timeMs(status.admittedTime) ?? createdMs, podCreatedMs) + spec.startDeadlineSeconds * 1_000;
}

/** Returns the deadline of a next attempt without a pod. It counts from the time the earlier attempt was recorded. */
export function nextAttemptDeadlineMs({ spec, status, createdMs }: Attempt): number {
  const scheduled = status.conditions?.find(({ type }) => type === "PodScheduled");
  return (timeMs(scheduled?.lastTransitionTime) ?? createdMs) + spec.startDeadlineSeconds * 1_000;
}

function timeMs(time: string | undefined): number | undefined {
  const ms = Date.parse(time ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}
