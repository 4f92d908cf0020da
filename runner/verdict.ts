/** The verdict of a run that may have been ended from outside: what was done to it comes before claude's own words. */
import { classify, type Evidence, type Verdict } from "./classify.ts";
import type { RunReport, RunnerConfig } from "./contract.ts";
import { describeEnding } from "./ending.ts";

type Stop = NonNullable<RunReport["stop"]>;
type Limits = Pick<RunnerConfig, "activeDeadlineSeconds" | "idleTimeoutSeconds">;

/** `stop` as in the report; the limits only make the message more exact. */
export function judge(evidence: Evidence, stop: Stop | undefined, limits: Limits = {}): Verdict {
  const ending = describeEnding(evidence.ending);
  switch (stop?.cause) {
    case "DeadlineExceeded":
      return {
        reason: "DeadlineExceeded",
        message: `claude ran longer than activeDeadlineSeconds${amount(limits.activeDeadlineSeconds)} and was ended; it ended with ${ending}`,
      };
    case "IdleTimeout":
      return {
        reason: "IdleTimeout",
        message: `claude wrote nothing for idleTimeoutSeconds${amount(limits.idleTimeoutSeconds)} and was ended; it ended with ${ending}`,
      };
    case "NoOutput":
      return {
        reason: "NoOutput",
        message: `claude never wrote anything within idleTimeoutSeconds${amount(limits.idleTimeoutSeconds)} and was ended; it ended with ${ending}`,
      };
    case "ResultGrace":
      return classify({ ...evidence, hung: true });
    case "Signal":
    case undefined:
      return classify(evidence);
  }
}

function amount(seconds: number | undefined): string {
  return seconds === undefined ? "" : ` (${seconds} s)`;
}
