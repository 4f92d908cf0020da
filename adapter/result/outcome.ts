/** How a run ended: from the runner's verified last line, or from the status. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import type { RunReport } from "../../runner/contract.ts";

export type Outcome = {
  readonly kind: "Succeeded" | "Failed" | "Cancelled";
  /** Completed, a failure reason, or a cancel reason. */
  readonly reason: string;
  readonly message: string;
  readonly result: RunReport["result"];
  readonly sessionId?: string | undefined;
  /** RFC 3339. */
  readonly resumeAfterTime?: string | undefined;
};

/** Returns the report's outcome; undefined if it is not final. Only the operator can explain the end by a signal. */
export function outcomeOfReport(report: RunReport): Outcome | undefined {
  if (!report.complete || report.reason === undefined || report.stop?.cause === "Signal") return undefined;
  return {
    kind: report.reason === "Completed" ? "Succeeded" : "Failed",
    reason: report.reason,
    message: report.message ?? "",
    result: report.result,
    sessionId: report.session?.id,
    resumeAfterTime: report.resumeAfterTime,
  };
}

/** Returns the status's outcome; undefined while the run has not finished. */
export function outcomeOfRun({ status }: ClaudeRun): Outcome | undefined {
  const phase = status?.phase;
  if (phase !== "Succeeded" && phase !== "Failed" && phase !== "Cancelled") return undefined;
  const condition = status?.conditions?.find(({ type }) => type === "Succeeded");
  return {
    kind: phase,
    reason: status?.failure?.reason ?? condition?.reason ?? phase,
    message: status?.failure?.message ?? condition?.message ?? "",
    result: status?.result ?? {},
    sessionId: status?.session?.id,
    resumeAfterTime: status?.failure?.resumeAfterTime,
  };
}

/** Returns the outcome of a run that was deleted before it had finished. */
export function outcomeOfDeleted({ metadata, status }: ClaudeRun): Outcome {
  const pod = status?.pod;
  const last = [
    `its last phase was ${status?.phase ?? "unknown"}`,
    ...(pod === undefined ? [] : [`its pod ${pod.name} was ${pod.phase ?? "unknown"} on ${pod.node ?? "no node"}`]),
  ];
  return {
    kind: "Failed",
    reason: "JobLost",
    message: `ClaudeRun ${metadata.name} was deleted before it had finished; ${last.join("; ")}. Start the run again.`,
    result: status?.result ?? {},
    sessionId: status?.session?.id,
  };
}
