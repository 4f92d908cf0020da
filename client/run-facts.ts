/** Questions that a ClaudeRun's status answers. */
import type { ClaudeRun } from "../crds/claude-run.ts";

/** Sorts by creation time, newest first; runs of the same second by name. */
export function newestFirst(runs: readonly ClaudeRun[]): ClaudeRun[] {
  return runs.toSorted(
    (a, b) =>
      b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp) ||
      a.metadata.name.localeCompare(b.metadata.name),
  );
}

/** Returns reason and message of the condition Succeeded; empty strings if it is not set. */
export function succeededCondition({ status }: ClaudeRun): { readonly reason: string; readonly message: string } {
  const condition = status?.conditions?.find(({ type }) => type === "Succeeded");
  return { reason: condition?.reason ?? "", message: condition?.message ?? "" };
}

/** Returns the current pod once its container has started, unless its log was followed already. */
export function podToFollow({ status }: ClaudeRun, followed: ReadonlySet<string>): string | undefined {
  const pod = status?.pod;
  if (pod === undefined || followed.has(pod.name)) return undefined;
  return status?.phase === "Running" || status?.startTime !== undefined ? pod.name : undefined;
}
