/** How a run ended: by the runner's last line as soon as it is proven, by the status otherwise, in one shape. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import type { RunReport } from "../../runner/contract.ts";

export type Outcome = {
  readonly kind: "Succeeded" | "Failed" | "Cancelled";
  /** Completed, a failure reason, or the word of the cancellation. */
  readonly reason: string;
  readonly message: string;
  readonly result: RunReport["result"];
  readonly sessionId?: string | undefined;
  /** RFC 3339. */
  readonly resumeAfterTime?: string | undefined;
};

/** What the runner says; undefined if its word is not the last: it was ended by a signal, which only the operator can explain. */
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

/** What the operator says; undefined while the run has not finished. */
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

/** The run was deleted under way. */
export function outcomeOfDeleted({ metadata, status }: ClaudeRun): Outcome {
  const pod = status?.pod;
  const last = [
    `its last phase was ${status?.phase ?? "unknown"}`,
    ...(pod === undefined ? [] : [`its pod ${pod.name} was ${pod.phase ?? "unknown"} on ${pod.node ?? "no node"}`]),
  ];
  return {
    kind: "Failed",
    reason: "JobLost",
    message: `the ClaudeRun ${metadata.name} was deleted while it ran; ${last.join("; ")}. Start the run again.`,
    result: status?.result ?? {},
    sessionId: status?.session?.id,
  };
}
