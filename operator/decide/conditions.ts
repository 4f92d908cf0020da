/** Conditions: a list keyed by type, in one fixed order, whose transition times move only when the status does. */
import type { Condition } from "../../crds/claude-run.ts";

export type ConditionType =
  "Finished" | "Succeeded" | "Admitted" | "PodScheduled" | "Started" | "ResultRecorded" | "LogsAvailable";

const order: readonly ConditionType[] = [
  "Finished",
  "Succeeded",
  "Admitted",
  "PodScheduled",
  "Started",
  "ResultRecorded",
  "LogsAvailable",
];

/** What a condition says now; `message` is for people and always there. */
export interface Says {
  readonly type: ConditionType;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/** In UTF-16 units; the schema takes twice as many code points. */
const maxMessageLength = 2048;

/** `before` with what `says` says; conditions not named stay as they were. */
export function withConditions(
  before: readonly Condition[],
  says: readonly Says[],
  at: { readonly generation: number; readonly time: string },
): Condition[] {
  const after = new Map(before.map((condition) => [condition.type, condition]));
  for (const { type, status, reason, message } of says) {
    const old = after.get(type);
    after.set(type, {
      type,
      status,
      reason,
      message: message.slice(0, maxMessageLength).toWellFormed(),
      observedGeneration: at.generation,
      lastTransitionTime: old?.status === status ? old.lastTransitionTime : at.time,
    });
  }
  return [...after.values()].sort((a, b) => rank(a.type) - rank(b.type));
}

function rank(type: string): number {
  const index = order.findIndex((known) => known === type);
  return index < 0 ? order.length : index;
}

/** The condition of a type, if it was ever set. */
export function condition(conditions: readonly Condition[] | undefined, type: ConditionType): Condition | undefined {
  return conditions?.find((each) => each.type === type);
}
