/** Conditions: a list keyed by type, in a fixed order. A transition time changes only with the condition's status. */
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

/** The new content of a condition. The message is for users and always present. */
export interface ConditionUpdate {
  readonly type: ConditionType;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/** In UTF-16 units; the schema allows twice as many code points. */
const maxMessageLength = 2048;

/** Applies the updates. Other conditions do not change. */
export function updateConditions(
  before: readonly Condition[],
  updates: readonly ConditionUpdate[],
  at: { readonly generation: number; readonly time: string },
): Condition[] {
  const after = new Map(before.map((condition) => [condition.type, condition]));
  for (const { type, status, reason, message } of updates) {
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

/** Returns the condition of a type, if there is one. */
export function condition(conditions: readonly Condition[] | undefined, type: ConditionType): Condition | undefined {
  return conditions?.find((each) => each.type === type);
}
