/** What people see of a run before claude speaks, and between: each state once. */
import type { ClaudeRun } from "../crds/claude-run.ts";

/** One sentence for the state, or undefined while there is nothing to say; the same state gives the same sentence. */
export function sentenceOf({ metadata, status }: ClaudeRun): string | undefined {
  const condition = status?.conditions?.find(({ type }) => type === "Succeeded");
  const reason = condition?.reason ?? "";
  const message = condition?.message ?? "";
  const attempt = (status?.attempt ?? 1) > 1 ? ` (attempt ${status?.attempt ?? 1})` : "";
  switch (status?.phase) {
    case "Queued": {
      if (reason === "Suspended" || reason === "Admitting") return undefined;
      const place = status.queuePosition === undefined ? "" : `, position ${status.queuePosition}`;
      return `${metadata.name} is queued${place}: ${message || reason}`;
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

/** Says each sentence once, in a row. */
export class Progress {
  #last: string | undefined;

  /** The sentence if it is news. */
  news(run: ClaudeRun): string | undefined {
    const sentence = sentenceOf(run);
    if (sentence === undefined || sentence === this.#last) return undefined;
    this.#last = sentence;
    return sentence;
  }
}
