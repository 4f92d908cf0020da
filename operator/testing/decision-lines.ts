/** Decisions as lines of text, for tables of tests. */
import { decide } from "../decide/decide.ts";
import type { Decision } from "../decide/decision.ts";
import { observed } from "./builders.ts";

/** A row of such a table: the observed objects and the expected decisions. */
export interface Row {
  /** A sentence. */
  readonly name: string;
  readonly given: Parameters<typeof observed>[0];
  /** One line for each decision, in order. */
  readonly want: readonly string[];
}

/** The decisions about the given objects, one per line. */
export function decisionLines(given: Row["given"]): string[] {
  return decide(observed(given)).groups.flat().map(line);
}

/** A decision as one line: the action, its object, and the phase and reason of the status. */
function line(decision: Decision): string {
  switch (decision.do) {
    case "createJob":
    case "deleteRun":
    case "markLogsUnavailable":
      return `${decision.do} ${decision.run.name}`;
    case "admit":
      return `${decision.do} ${decision.run.name}`;
    case "ungate":
      return `${decision.do} ${decision.run?.name ?? decision.pod.name}`;
    case "stop":
      return `stop ${decision.pod.name} ${decision.stop.reason}`;
    case "deleteUnstarted":
      return `deleteUnstarted ${[decision.pod?.name, decision.job?.name].filter((name) => name !== undefined).join(" ")}`;
    case "updateStatus":
    case "updateStatusAfterPodLoss": {
      const succeeded = decision.status.conditions?.find(({ type }) => type === "Succeeded");
      const position = decision.status.queuePosition === undefined ? "" : ` #${decision.status.queuePosition}`;
      const how =
        decision.do === "updateStatus"
          ? [
              decision.isDebounced === true ? " (debounced)" : "",
              decision.isRateLimited === true ? " (rate-limited)" : "",
            ].join("")
          : "";
      const condition = decision.requiresJob === undefined ? "" : ` (if ${decision.requiresJob.name} exists)`;
      return `${decision.do} ${decision.run.name} ${decision.status.phase ?? ""}/${succeeded?.reason ?? ""}${position}${how}${condition}`;
    }
    case "endSidecars":
      return `endSidecars ${decision.pod.name}`;
    case "restoreLabels":
      return `restoreLabels ${decision.pod.name}`;
    case "removeFinalizer":
      return `removeFinalizer ${decision.pod.name}`;
    case "collectGarbage":
      return `collectGarbage ${decision.pod?.name ?? decision.job?.name ?? ""}${decision.run === undefined ? " (if the run is deleted)" : ""}`;
    default:
      return decision satisfies never;
  }
}
