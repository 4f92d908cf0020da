/** Messages about the state of a run before claude's first output and between attempts. */
import type { ClaudeRun } from "../crds/claude-run.ts";

/** Returns a message for the run's state, the same for equal states; undefined for finished and short states. */
export function progressMessage({ metadata, status }: ClaudeRun): string | undefined {
  const condition = status?.conditions?.find(({ type }) => type === "Succeeded");
  const reason = condition?.reason ?? "";
  const message = condition?.message ?? "";
  const attempt = (status?.attempt ?? 1) > 1 ? ` (attempt ${status?.attempt ?? 1})` : "";
  switch (status?.phase) {
    case "Queued": {
      if (reason === "Suspended" || reason === "Admitting") return undefined;
      const position = status.queuePosition === undefined ? "" : `, position ${status.queuePosition}`;
      return `${metadata.name} is queued${position}: ${message || reason}`;
    }
    case "Pending":
      return `${metadata.name} is pending${attempt}: ${status.pod?.waitingReason ?? reason}${message === "" ? "" : ` (${message})`}`;
    case "Running":
      return reason === "Cancelling"
        ? `${metadata.name} is being cancelled`
        : `${metadata.name} is running${attempt} in pod ${status.pod?.name ?? "?"}`;
    case "Succeeded":
    case "Failed":
    case "Cancelled":
    case undefined:
      return undefined;
  }
}

/** Reports each message once, until the state changes. */
export class ProgressReporter {
  #last: string | undefined;

  /** Records the run's state. Returns its message if it differs from the last one, otherwise undefined. */
  update(run: ClaudeRun): string | undefined {
    const message = progressMessage(run);
    if (message === undefined || message === this.#last) return undefined;
    this.#last = message;
    return message;
  }
}
