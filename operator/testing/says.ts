/** What is decided, in lines: for tables of what is given and what is wanted. */
import { decide } from "../decide/decide.ts";
import type { Decision } from "../decide/decision.ts";
import { observed } from "./builders.ts";

/** A row of such a table. */
export interface Row {
  /** A sentence. */
  readonly name: string;
  readonly given: Parameters<typeof observed>[0];
  /** One line for each decision, in order. */
  readonly want: readonly string[];
}

/** The decisions about what is given, a line each. */
export function says(given: Row["given"]): string[] {
  return decide(observed(given)).groups.flat().map(line);
}

/** A decision in one line: what, to which run, and what the status would say. */
function line(decision: Decision): string {
  switch (decision.do) {
    case "make":
    case "removeRun":
    case "markLogsGone":
      return `${decision.do} ${decision.run.name}`;
    case "admit":
    case "letGo":
      return `${decision.do} ${decision.run.name}`;
    case "stop":
      return `stop ${decision.pod.name} ${decision.stop.reason}`;
    case "withdraw":
      return `withdraw ${[decision.pod?.name, decision.job?.name].filter((name) => name !== undefined).join(" ")}`;
    case "record":
    case "recordLost": {
      const succeeded = decision.status.conditions?.find(({ type }) => type === "Succeeded");
      const position = decision.status.queuePosition === undefined ? "" : ` #${decision.status.queuePosition}`;
      const how =
        decision.do === "record"
          ? [decision.soft === true ? " (soft)" : "", decision.paced === true ? " (paced)" : ""].join("")
          : "";
      const proviso = decision.ifThere === undefined ? "" : ` (if ${decision.ifThere.name} is there)`;
      return `${decision.do} ${decision.run.name} ${decision.status.phase ?? ""}/${succeeded?.reason ?? ""}${position}${how}${proviso}`;
    }
    case "release":
      return `release ${decision.pod.name}`;
    case "sweep":
      return `sweep ${decision.pod?.name ?? decision.job?.name ?? ""}${decision.run === undefined ? " (run gone?)" : ""}`;
    default:
      return decision satisfies never;
  }
}
