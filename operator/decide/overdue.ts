/** Extends deadlines after an outage, because the caches may not show yet what happened in time. */
import type { Observed } from "../domain.ts";

/** Returns when the deadline may end the run: not before the caches have caught up. */
export function overdueMs(deadlineMs: number, { catchUpUntilMs = 0 }: Pick<Observed, "catchUpUntilMs">): number {
  return Math.max(deadlineMs, catchUpUntilMs);
}
