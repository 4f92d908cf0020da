/**
 * Determines a run's outcome from its pod, whose end is confirmed. The rules are in order of precedence, and the first
 * that applies wins. A complete report of success beats everything except an earlier SIGTERM of the operator.
 */
import { failureReasons, type FailureReason, type FinalReason } from "../../crds/reasons.ts";
import type { Job, Pod, Run, Stop } from "../domain.ts";
import { condition } from "./conditions.ts";
import { limitToRaise } from "./own-limit.ts";
import { parseReport, type Report } from "./report.ts";

/** How a run ended. */
export interface Outcome {
  readonly reason: FinalReason;
  /** One or two sentences; that of a failure ends with the next step. */
  readonly message: string;
  readonly report?: Report;
  readonly pod?: Pod;
}

interface Evidence {
  readonly run: Run;
  readonly pod: Pod;
  /** The pod's Job in the cache; undefined if it was deleted. */
  readonly job: Job | undefined;
  readonly report: Report | undefined;
  /** The container has never run. */
  readonly neverStarted: boolean;
}

interface Verdict {
  readonly reason: FinalReason;
  readonly message: string;
}

type Rule = readonly [name: string, apply: (evidence: Evidence) => Verdict | undefined];

const rules: readonly Rule[] = [
  ["a report of success without an earlier SIGTERM of the operator counts", completed],
  ["a pod that the operator stopped has the reason of the stop", stopped],
  ["a cancelled run whose claude was ended by a signal is cancelled", cancelledBySignal],
  ["the kubelet evicted the pod because of its own limit", ownLimit],
  ["the control plane names the disruption", disrupted],
  ["the pod was deleted while claude ran", deleted],
  ["the kernel killed the container because of its memory limit", outOfMemory],
  ["the runtime lost the container", containerLost],
  ["the runner reported a failure", reported],
  ["the kubelet enforced the pod's deadline", podDeadline],
  ["the container never started", notStarted],
  ["no other rule explains the end", unreadable],
];

/** Returns the outcome of a run from its pod, whose end is confirmed. */
export function outcome(run: Run, pod: Pod, job: Job | undefined): Outcome {
  const report = pod.container.kind === "terminated" ? parseReport(pod.container.message) : undefined;
  const neverStarted = pod.container.kind !== "terminated" || pod.container.startedMs === undefined;
  const evidence: Evidence = { run, pod, job, report, neverStarted };
  for (const [, apply] of rules) {
    const verdict = apply(evidence);
    if (verdict !== undefined) return { ...verdict, pod, ...(report === undefined ? {} : { report }) };
  }
  return { ...failure("ResultUnreadable"), pod };
}

/** The outcome of an admitted run whose pod was deleted. */
export function lost(job: Job | undefined): Outcome {
  if (job === undefined || job.isDeleting) return failure("JobLost");
  // The operator sets no deadline on Jobs.
  if (job.failed === "DeadlineExceeded") {
    return failure(
      "PodDeleted",
      `The Job controller deleted the pod, because Job ${job.name} failed: DeadlineExceeded.`,
    );
  }
  if (job.suspended === undefined) return failure("PodDeleted");
  return failure("JobSuspended", `Job ${job.name} was suspended after its pod was admitted, which deletes the pod`);
}

/** Quotes are cut to this length, so that the next step fits after them. */
const maxQuoteLength = 1_200;

/** A failure with the meaning and the next step of its reason, and the details in between. */
export function failure(reason: FailureReason, details?: string): Outcome {
  const { meaning, whatToDo } = failureReasons[reason];
  // The runner uses the same table.
  const quoted = details?.replace(meaning, "").trim() ?? "";
  return { reason, message: [meaning, ...(quoted === "" ? [] : [sentence(quoted)]), whatToDo].join(" ") };
}

function completed({ report }: Evidence): Verdict | undefined {
  if (report?.complete !== true || report.reason !== "Completed") return undefined;
  if (report.stop?.cause === "Signal") return undefined;
  return { reason: "Completed", message: report.message ?? "claude finished successfully." };
}

function stopped({ run, pod, report }: Evidence): Verdict | undefined {
  if (pod.stop === undefined || !isPossible(pod.stop, run)) return undefined;
  // claude had ended before the operator's SIGTERM arrived, so its report counts.
  if (report?.complete === true && report.stop === undefined) return undefined;
  return pod.stop;
}

/** The annotation can be forged, so it must match the spec. `spec.cancel` never becomes false again. */
function isPossible({ reason }: Stop, { spec }: Run): boolean {
  if (reason === "Cancelled") return spec.cancel;
  return reason !== "ClientLost" || spec.clientLeaseName !== undefined;
}

function cancelledBySignal({ run, report }: Evidence): Verdict | undefined {
  if (!run.spec.cancel) return undefined;
  if (report?.complete === true && report.stop?.cause !== "Signal") return undefined;
  return { reason: "Cancelled", message: cancelMessage(run) };
}

/** The message of a cancelled run, with the user's reason if there is one. */
export function cancelMessage(run: Run): string {
  const why = run.spec.cancelReason;
  return why === undefined || why === "" ? "spec.cancel was set." : `spec.cancel was set: ${why}`;
}

/** No disruption, because the next pod would be evicted too. Node pressure is a disruption, whatever the pod used. */
function ownLimit({ pod, report }: Evidence): Verdict | undefined {
  if (pod.reason !== "Evicted" || endedByItself(report)) return undefined;
  const raised = limitToRaise(pod.message ?? "");
  return raised === undefined ? undefined : failure("LimitExceeded", `${sentence(pod.message ?? "")} ${raised}`);
}

const disruptions: Readonly<Record<string, FailureReason>> = {
  PreemptionByScheduler: "Preempted",
  DeletionByTaintManager: "NodeLost",
  DeletionByPodGC: "NodeLost",
  EvictionByEvictionAPI: "Evicted",
  TerminationByKubelet: "Evicted",
};

function disrupted({ pod, report }: Evidence): Verdict | undefined {
  if (endedByItself(report)) return undefined;
  // The kubelet's reason for a pod that it removed for a critical one.
  if (pod.reason === "Preempting") return failure("Preempted", pod.message);
  const reason = disruptionOf(pod);
  if (reason !== undefined) return failure(reason, pod.disruption?.message);
  if (pod.reason === "Evicted") return failure("Evicted", pod.message);
  if (pod.reason === "NodeLost") return failure("NodeLost", pod.message);
  return undefined;
}

function disruptionOf({ disruption, container }: Pod): FailureReason | undefined {
  // A healthy node can be tainted too: then its kubelet has ended the container and reported that.
  if (disruption?.reason === "DeletionByTaintManager" && container.kind === "terminated") return "Evicted";
  return disruption === undefined ? undefined : disruptions[disruption.reason];
}

function deleted({ pod, job, report }: Evidence): Verdict | undefined {
  if (!pod.isDeleting || endedByItself(report)) return undefined;
  return lost(job);
}

function outOfMemory({ pod }: Evidence): Verdict | undefined {
  if (pod.container.kind !== "terminated" || pod.container.reason !== "OOMKilled") return undefined;
  return failure("OOMKilled");
}

/** A complete report counts, because claude can exit with 255 too. */
function containerLost({ pod, report }: Evidence): Verdict | undefined {
  if (pod.container.kind !== "terminated" || report?.complete === true) return undefined;
  const { exitCode, reason } = pod.container;
  if (exitCode !== 255 && reason !== "ContainerStatusUnknown") return undefined;
  const kubelet = reason === undefined ? "" : `, reason ${reason}`;
  return failure("ContainerLost", `The kubelet reported exit code ${exitCode}${kubelet}.`);
}

function reported({ report }: Evidence): Verdict | undefined {
  if (report?.complete !== true || report.reason === undefined || report.reason === "Completed") return undefined;
  return failure(report.reason, report.message);
}

function podDeadline({ run, pod, neverStarted }: Evidence): Verdict | undefined {
  // The operator sets a deadline to end other containers, which is not claude's deadline.
  if (pod.reason !== "DeadlineExceeded" || pod.isEndingSidecars === true) return undefined;
  return neverStarted ? startFailure(run, pod) : failure("DeadlineExceeded", pod.message);
}

function notStarted({ run, pod, neverStarted }: Evidence): Verdict | undefined {
  const { container } = pod;
  // OutOfcpu, NodeAffinity, UnexpectedAdmissionError: the kubelet rejected the pod after it was bound.
  if (neverStarted && container.kind === "unknown" && pod.phase === "Failed" && pod.reason !== undefined) {
    return failure("Unschedulable", `${pod.reason}: ${pod.message ?? "the node rejected the pod"}`);
  }
  if (
    container.kind === "terminated" &&
    (container.exitCode === 127 || container.exitCode === 128) &&
    container.reason !== "Completed"
  ) {
    const details = container.message ?? container.reason;
    return isNodeMissing(details) ? failure("RunnerMissing", details) : failure("ContainerStartFailed", details);
  }
  return neverStarted ? startFailure(run, pod) : undefined;
}

/** The last known cause why the pod did not start, or StartDeadlineExceeded. */
export function startFailure(run: Run, pod: Pod): Outcome {
  const { container } = pod;
  const waiting = container.kind === "waiting" ? container.reason : run.status.pod?.waitingReason;
  const shown = condition(run.status.conditions, "Succeeded");
  const details = (container.kind === "waiting" ? container.message : undefined) ?? shown?.message;
  if (waiting !== undefined && /Image|Registry/.test(waiting)) return failure("ImagePullFailed", details);
  if (waiting !== undefined && /^(Create|Run|Start|ContainerCannot)/.test(waiting)) {
    return isNodeMissing(details) ? failure("RunnerMissing", details) : failure("ContainerStartFailed", details);
  }
  // The API server rejected the pod's ConfigMap, or the removal of its gate.
  if (shown?.reason === "QuotaExceeded" || shown?.reason === "JobCreateFailed") {
    return failure(shown.reason, shown.message);
  }
  // The status quotes an Event: FailedMount, FailedCreatePodSandBox and others.
  if (shown?.reason.startsWith("Failed") === true) {
    return failure("ContainerStartFailed", details);
  }
  if (pod.node === undefined && pod.scheduled?.done === false) return failure("Unschedulable", pod.scheduled.message);
  return failure("StartDeadlineExceeded", pod.message);
}

function unreadable({ pod, report }: Evidence): Verdict {
  const how = pod.container.kind === "terminated" ? containerEnd(pod.container) : pod.message;
  return failure(report === undefined ? "ResultUnreadable" : "NoResult", how);
}

/** The sender of a signal is unknown, so the message does not name one. */
function containerEnd({ exitCode, signal = exitCode - 128 }: { exitCode: number; signal?: number }): string {
  if (exitCode === 137)
    return "The container was killed (exit code 137, SIGKILL) before its runner could report the end.";
  return `The container ended with exit code ${exitCode}${signal > 0 && signal < 65 ? `, signal ${signal}` : ""}.`;
}

/** True if claude ended without a signal: its report counts, whatever happened to the pod afterwards. */
function endedByItself(report: Report | undefined): boolean {
  return report?.complete === true && report.stop?.cause !== "Signal";
}

function isNodeMissing(message: string | undefined): boolean {
  return message !== undefined && /exec: "?node"?: executable file not found|"node": (stat|executable)/.test(message);
}

function sentence(text: string): string {
  const trimmed = text.trim().slice(0, maxQuoteLength).toWellFormed();
  return /[.!?…]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
