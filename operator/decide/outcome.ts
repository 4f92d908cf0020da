/**
 * From a pod whose end is confirmed to the run's outcome. The rules stand in the order of their precedence; the first
 * that applies wins (design: the runner's complete, good report beats everything but our own TERM before it).
 */
import { failureReasons, type FailureReason, type FinalReason } from "../../crds/reasons.ts";
import type { Job, Pod, Run } from "../domain.ts";
import { condition } from "./conditions.ts";
import { parseReport, type Report } from "./report.ts";

/** How a run ended. */
export interface Outcome {
  readonly reason: FinalReason;
  /** One or two sentences; a failure's says what to do. */
  readonly message: string;
  readonly report?: Report;
  readonly pod?: Pod;
}

interface Evidence {
  readonly run: Run;
  readonly pod: Pod;
  /** The pod's Job as the cache shows it; absent if it is gone. */
  readonly job: Job | undefined;
  readonly report: Report | undefined;
  /** The start deadline had passed and the container had never run. */
  readonly neverStarted: boolean;
}

interface Verdict {
  readonly reason: FinalReason;
  readonly message: string;
}

type Rule = readonly [name: string, judge: (evidence: Evidence) => Verdict | undefined];

const rules: readonly Rule[] = [
  ["a good report that no TERM of ours preceded stands", completed],
  ["what we stopped ends as what we stopped it for", stopped],
  ["a cancelled run whose claude was ended by a signal is cancelled", cancelledBySignal],
  ["the control plane says who ended the pod", disrupted],
  ["a pod that was deleted under a running claude", deleted],
  ["memory", outOfMemory],
  ["the runner's own word", reported],
  ["the kubelet's backstop deadline", podDeadline],
  ["the container never started", notStarted],
  ["nothing else explains it", unreadable],
];

/** The outcome of a run by its pod, whose end is confirmed. */
export function outcome(run: Run, pod: Pod, job: Job | undefined): Outcome {
  const report = pod.container.kind === "terminated" ? parseReport(pod.container.message) : undefined;
  const neverStarted = pod.container.kind !== "terminated" || pod.container.startedMs === undefined;
  const evidence: Evidence = { run, pod, job, report, neverStarted };
  for (const [, judge] of rules) {
    const verdict = judge(evidence);
    if (verdict !== undefined) return { ...verdict, pod, ...(report === undefined ? {} : { report }) };
  }
  return { ...failure("ResultUnreadable"), pod };
}

/** The outcome of an admitted run whose pod is known to exist no more. */
export function lost(job: Job | undefined): Outcome {
  return job === undefined || job.deleting ? failure("JobLost") : failure("PodDeleted");
}

/** Of what somebody else said this much is quoted: what to do must still fit behind it. */
const maxQuoteLength = 1_200;

/** A failure with the table's sentences, and the words of whoever saw it in between. */
export function failure(reason: FailureReason, said?: string): Outcome {
  const { meaning, whatToDo } = failureReasons[reason];
  // The runner takes its sentence from the same table.
  const quoted = said?.replace(meaning, "").trim() ?? "";
  return { reason, message: [meaning, ...(quoted === "" ? [] : [sentence(quoted)]), whatToDo].join(" ") };
}

function completed({ report }: Evidence): Verdict | undefined {
  if (report?.complete !== true || report.reason !== "Completed") return undefined;
  if (report.stop?.cause === "Signal") return undefined;
  return { reason: "Completed", message: report.message ?? "claude ended well." };
}

function stopped({ pod, report }: Evidence): Verdict | undefined {
  if (pod.stop === undefined) return undefined;
  // It had ended by itself before our TERM arrived: then its own word counts.
  if (report?.complete === true && report.stop === undefined) return undefined;
  return pod.stop;
}

function cancelledBySignal({ run, report }: Evidence): Verdict | undefined {
  if (!run.spec.cancel) return undefined;
  if (report?.complete === true && report.stop?.cause !== "Signal") return undefined;
  return { reason: "Cancelled", message: cancelMessage(run) };
}

/** What a cancelled run says: the user's own words, if there are any. */
export function cancelMessage(run: Run): string {
  const why = run.spec.cancelReason;
  return why === undefined || why === "" ? "spec.cancel was set." : `spec.cancel was set: ${why}`;
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
  // The kubelet's own word for a pod that gave way to a critical one.
  if (pod.reason === "Preempting") return failure("Preempted", pod.message);
  const reason = disruptionOf(pod);
  if (reason !== undefined) return failure(reason, pod.disruption?.message);
  if (pod.reason === "Evicted") return failure("Evicted", pod.message);
  if (pod.reason === "NodeLost") return failure("NodeLost", pod.message);
  return undefined;
}

function disruptionOf({ disruption, container }: Pod): FailureReason | undefined {
  // A taint can also be set on a node that is well: then its kubelet has ended the container and said so.
  if (disruption?.reason === "DeletionByTaintManager" && container.kind === "terminated") return "Evicted";
  return disruption === undefined ? undefined : disruptions[disruption.reason];
}

function deleted({ pod, job, report }: Evidence): Verdict | undefined {
  if (!pod.deleting || endedByItself(report)) return undefined;
  return lost(job);
}

function outOfMemory({ pod }: Evidence): Verdict | undefined {
  if (pod.container.kind !== "terminated" || pod.container.reason !== "OOMKilled") return undefined;
  return failure("OOMKilled");
}

function reported({ report }: Evidence): Verdict | undefined {
  if (report?.complete !== true || report.reason === undefined || report.reason === "Completed") return undefined;
  return failure(report.reason, report.message);
}

function podDeadline({ run, pod, neverStarted }: Evidence): Verdict | undefined {
  if (pod.reason !== "DeadlineExceeded") return undefined;
  return neverStarted ? startFailure(run, pod) : failure("DeadlineExceeded", pod.message);
}

function notStarted({ run, pod, neverStarted }: Evidence): Verdict | undefined {
  const { container } = pod;
  // OutOfcpu, NodeAffinity, UnexpectedAdmissionError: the node that it was bound to did not take it.
  if (neverStarted && container.kind === "unknown" && pod.phase === "Failed" && pod.reason !== undefined) {
    return failure("Unschedulable", `${pod.reason}: ${pod.message ?? "the node refused the pod"}`);
  }
  if (
    container.kind === "terminated" &&
    (container.exitCode === 127 || container.exitCode === 128) &&
    container.reason !== "Completed"
  ) {
    const said = container.message ?? container.reason;
    return noNode(said) ? failure("RunnerMissing", said) : failure("ContainerStartFailed", said);
  }
  return neverStarted ? startFailure(run, pod) : undefined;
}

/** The pod's last known cause, or the deadline alone. */
export function startFailure(run: Run, pod: Pod): Outcome {
  const { container } = pod;
  const waiting = container.kind === "waiting" ? container.reason : run.status.pod?.waitingReason;
  const shown = condition(run.status.conditions, "Succeeded");
  const said = (container.kind === "waiting" ? container.message : undefined) ?? shown?.message;
  if (waiting !== undefined && /Image|Registry/.test(waiting)) return failure("ImagePullFailed", said);
  if (waiting !== undefined && /^(Create|Run|Start|ContainerCannot)/.test(waiting)) {
    return noNode(said) ? failure("RunnerMissing", said) : failure("ContainerStartFailed", said);
  }
  // Its ConfigMap, or letting it go, was refused.
  if (shown?.reason === "QuotaExceeded" || shown?.reason === "JobCreateFailed") {
    return failure(shown.reason, shown.message);
  }
  // An Event's word that the status quoted: FailedMount, FailedCreatePodSandBox and the like.
  if (shown?.reason.startsWith("Failed") === true) {
    return failure("ContainerStartFailed", said);
  }
  if (pod.node === undefined && pod.scheduled?.done === false) return failure("Unschedulable", pod.scheduled.message);
  return failure("StartDeadlineExceeded", pod.message);
}

function unreadable({ pod, report }: Evidence): Verdict {
  const how =
    pod.container.kind === "terminated"
      ? `The container ended with exit code ${pod.container.exitCode}${pod.container.signal === undefined ? "" : `, signal ${pod.container.signal}`}.`
      : pod.message;
  return failure(report === undefined ? "ResultUnreadable" : "NoResult", how);
}

/** A complete report of an end that no signal brought about: whoever took the pod away came too late. */
function endedByItself(report: Report | undefined): boolean {
  return report?.complete === true && report.stop?.cause !== "Signal";
}

function noNode(said: string | undefined): boolean {
  return said !== undefined && /exec: "?node"?: executable file not found|"node": (stat|executable)/.test(said);
}

function sentence(text: string): string {
  const trimmed = text.trim().slice(0, maxQuoteLength).toWellFormed();
  return /[.!?…]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
