/** Classifies a run that may have been stopped: a stop takes precedence over claude's output. */
import { classify, type Evidence, type Classification } from "./classify.ts";
import type { RunReport, RunnerConfig } from "./contract.ts";
import { describeEnding } from "./ending.ts";

type Stop = NonNullable<RunReport["stop"]>;
type Limits = Pick<RunnerConfig, "activeDeadlineSeconds" | "idleTimeoutSeconds">;

/**
 * True if claude had answered when it was stopped; then the answer is kept. Silence in a later turn does not change
 * that, but the deadline applies to a later turn as to any other.
 */
export function isHung({ lastResult, isAnswered }: Evidence["facts"], stop: Stop | undefined): boolean {
  const cause = stop?.cause;
  if (cause === "ResultGrace" || cause === "BackgroundGrace") return true;
  // The answer may be read after the idle timeout fired.
  if (cause === "IdleTimeout" || cause === "NoOutput") return isAnswered || lastResult?.isError === false;
  return cause === "DeadlineExceeded" && isAnswered;
}

/** Returns the classification. `stop` is the report's; the limits only add detail to the message. */
export function classifyRun(evidence: Evidence, stop: Stop | undefined, limits: Limits = {}): Classification {
  if (isHung(evidence.facts, stop)) return classify({ ...evidence, hung: true });
  const ending = describeEnding(evidence.ending);
  switch (stop?.cause) {
    case "DeadlineExceeded":
      return {
        reason: "DeadlineExceeded",
        message: `claude ran longer than activeDeadlineSeconds${amount(limits.activeDeadlineSeconds)} and was stopped; it ended with ${ending}`,
      };
    case "IdleTimeout":
      return {
        reason: "IdleTimeout",
        message: `claude wrote nothing for idleTimeoutSeconds${amount(limits.idleTimeoutSeconds)} and was stopped; it ended with ${ending}`,
      };
    case "NoOutput":
      return {
        reason: "NoOutput",
        message: `claude wrote nothing at all within idleTimeoutSeconds${amount(limits.idleTimeoutSeconds)} and was stopped; it ended with ${ending}`,
      };
    case "ResultGrace":
    case "BackgroundGrace":
    case "Signal":
    case undefined:
      return classify(evidence);
  }
}

function amount(seconds: number | undefined): string {
  return seconds === undefined ? "" : ` (${seconds} s)`;
}
