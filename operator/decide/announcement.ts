/** What of a new status is news. */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import type { Announcement } from "../domain.ts";
import { condition } from "./conditions.ts";

/** Few and specific: that it waits for another, that the wait is over, how it ended. */
export function announcementOf(before: ClaudeRunStatus, next: ClaudeRunStatus): Announcement | undefined {
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

/** Phase and reason: what a state is told by. */
export function stateOf({ phase, conditions }: ClaudeRunStatus): string {
  return `${phase ?? ""}/${condition(conditions, "Succeeded")?.reason ?? ""}`;
}
