/** Decides which status changes are Events. */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import type { RunEvent } from "../domain.ts";
import { condition } from "./conditions.ts";

/** Returns the Event of a status change. Only queueing, admission, retry and the end have one. */
export function eventFor(before: ClaudeRunStatus, next: ClaudeRunStatus): RunEvent | undefined {
  const { reason = "", message: note = "" } = condition(next.conditions, "Succeeded") ?? {};
  switch (next.phase) {
    case "Queued":
      return reason === "Admitting" ? undefined : { type: "Normal", action: "Queue", reason, note };
    case "Pending":
      if (reason === "Retrying") return { type: "Warning", action: "Retry", reason, note };
      if (before.phase !== "Queued") return undefined;
      return { type: "Normal", action: "Admit", reason: "Admitted", note: "The run holds its agent's slot." };
    case "Succeeded":
    case "Cancelled":
      return { type: "Normal", action: "Finish", reason, note };
    case "Failed":
      return { type: "Warning", action: "Finish", reason, note };
    case "Running":
    case undefined:
      return undefined;
    default:
      return next.phase satisfies never;
  }
}

/** Phase and reason of a status, which identify a state. */
export function stateOf({ phase, conditions }: ClaudeRunStatus): string {
  return `${phase ?? ""}/${condition(conditions, "Succeeded")?.reason ?? ""}`;
}
