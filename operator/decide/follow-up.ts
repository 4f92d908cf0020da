/** Decisions that follow from an answer of the API server, as plain data for `act` to execute. */
import type { Decision } from "./decision.ts";

export interface FollowUp {
  /** Executed in this order. */
  readonly decisions: readonly Decision[];
  /** Afterwards the agent is reconciled again at once. The message explains why its cache is out of date. */
  readonly conflict?: string;
  /** Afterwards the agent is reconciled again after this time, if nothing happens before. */
  readonly requeueAfterMs?: number;
}
