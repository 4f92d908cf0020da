/**
 * Deletes pods and Jobs of deleted and finished runs, such as those that a frozen replica created too late. Their pods
 * stay gated and never run, but other runs would wait for them. It also updates and deletes finished runs.
 */
import { isFinished } from "../../crds/finished.ts";
import {
  attemptOf,
  isTerminal,
  isAdmitted,
  outlivesClaude,
  type Job,
  type Observed,
  type Pod,
  type Run,
} from "../domain.ts";
import type { Decision } from "./decision.ts";
import { earliest } from "./earliest.ts";
import { finishedByHand, restamped } from "./ended-status.ts";
import { sidecarsEndMs } from "./sidecars.ts";

/** Returns the decisions about garbage and about finished runs. */
export function collectGarbage(observed: Observed): { decisions: readonly Decision[]; requeueAtMs?: number } {
  const byUid = new Map(observed.runs.map((run) => [run.uid, run]));
  const pods = observed.pods.flatMap((pod) => collectPod(pod, byUid.get(pod.runUid)));
  const withPods = new Set(observed.pods.map(({ jobUid }) => jobUid));
  const jobs = observed.jobs.flatMap((job) => collectJob(job, byUid.get(job.runUid), withPods.has(job.uid)));
  const touched = observed.runs.filter(
    (run) => isFinished(run) && run.generation > (run.status.observedGeneration ?? 0),
  );
  const byHand = observed.runs.filter((run) => run.isFinishedByHand === true);
  const sidecars = observed.pods.flatMap((pod) => sidecarsOf(pod, byUid.get(pod.runUid), observed.nowMs));
  const busy = busyRuns(observed.pods);
  const expired = observed.runs.filter(({ uid }) => !busy.has(uid)).flatMap((run) => expiryOf(run, observed.nowMs));
  const requeueAtMs = earliest([...expired, ...sidecars].map((each) => each.requeueAtMs));
  return {
    decisions: [
      ...pods,
      ...jobs,
      ...leftPods(observed).map((pod): Decision => ({ do: "restoreLabels", pod })),
      ...touched.map((run): Decision => ({ do: "updateStatus", run, status: restamped(run) })),
      ...byHand.map((run): Decision => ({ do: "updateStatus", run, status: finishedByHand(run, observed.nowMs) })),
      ...sidecars.flatMap((each) => each.decisions),
      ...expired.flatMap((each) => each.decisions),
      ...surplus(observed, busy).map((run): Decision => ({ do: "deleteRun", run })),
      ...withoutPod(observed).map((run): Decision => ({ do: "markLogsUnavailable", run })),
    ],
    ...(requeueAtMs === undefined ? {} : { requeueAtMs }),
  };
}

function collectPod(pod: Pod, run: Run | undefined): Decision[] {
  const isRecorded = run === undefined || isFinished(run);
  // The result of an ended pod is recorded, or its run is deleted. If the status of an unfinished run names no pod,
  // it was edited or the cache lags: the rules of waiting runs adopt the pod.
  if (pod.hasFinalizer && isTerminal(pod) && (isRecorded || isSuperseded(pod, run))) {
    return run === undefined ? [{ do: "collectGarbage", pod }] : [{ do: "removeFinalizer", pod }];
  }
  if (isTerminal(pod)) return [];
  // The run is unknown. A gated pod without a Job never runs; an ungated one runs to its end, and holds the slot
  // until then.
  if (pod.runUid === "") return pod.isGated && pod.jobUid === undefined ? [{ do: "collectGarbage", pod }] : [];
  if (run === undefined) return [{ do: "collectGarbage", pod }];
  // No operator removes the gate of a pod without a Job: the pod was orphaned, or a user created it.
  if (pod.isGated && pod.jobUid === undefined && run.status.pod?.uid !== pod.uid)
    return [{ do: "collectGarbage", run, pod }];
  // The result is recorded, but injected containers still run: they have their grace.
  if (isEndRecorded(run, pod) && outlivesClaude(pod)) return [];
  if (isFinished(run)) return [{ do: "collectGarbage", run, pod }];
  if (pod.isGated && isSuperseded(pod, run)) return [{ do: "collectGarbage", run, pod }];
  return [];
}

/** Left pods that no unfinished run names: the rules of admitted runs read the named ones. */
function leftPods({ leftPods: left = [], runs }: Observed): readonly Pod[] {
  const named = new Set(runs.filter((run) => !isFinished(run)).map(({ status }) => status.pod?.uid));
  return left.filter(({ uid }) => !named.has(uid));
}

/** True if the run's recorded outcome is that of this pod. */
function isEndRecorded(run: Run | undefined, pod: Pod): run is Run {
  return run !== undefined && isFinished(run) && run.status.pod?.uid === pod.uid;
}

/** Ends a finished run's pod after the grace of its other containers. */
function sidecarsOf(pod: Pod, run: Run | undefined, nowMs: number): { decisions: Decision[]; requeueAtMs?: number }[] {
  const atMs = isEndRecorded(run, pod) ? sidecarsEndMs(run, pod) : undefined;
  if (atMs === undefined) return [];
  return nowMs < atMs ? [{ decisions: [], requeueAtMs: atMs }] : [{ decisions: [{ do: "endSidecars", pod }] }];
}

/** True for a pod of an earlier attempt, or one that is not the admitted pod of this attempt. */
function isSuperseded(pod: Pod, run: Run): boolean {
  const attempt = attemptOf(run);
  if (pod.attempt !== attempt) return pod.attempt < attempt;
  return isAdmitted(run) && run.status.pod?.uid !== pod.uid;
}

function collectJob(job: Job, run: Run | undefined, hasPod: boolean): Decision[] {
  if (job.isDeleting || job.isFinished) return [];
  if (run === undefined) return [{ do: "collectGarbage", job }];
  // A user or a controller suspended the Job, which deleted its pod: the Job controller never finishes such a Job.
  if (isFinished(run) && job.suspended !== undefined && !hasPod) return [{ do: "collectGarbage", run, job }];
  // The Job could still create pods for a finished run. The Job of the admitted pod ends by itself.
  if (isFinished(run) && run.status.job?.uid !== job.uid) return [{ do: "collectGarbage", run, job }];
  return [];
}

/** Uids of runs with a pod that has not ended or still has the finalizer. Deleting them would lose the pod's state. */
function busyRuns(pods: readonly Pod[]): ReadonlySet<string> {
  return new Set(pods.filter((pod) => pod.hasFinalizer || !isTerminal(pod)).map(({ runUid }) => runUid));
}

function expiryOf(run: Run, nowMs: number): { decisions: Decision[]; requeueAtMs?: number }[] {
  const seconds = run.spec.ttlSecondsAfterFinished;
  const completedMs = Date.parse(run.status.completionTime ?? "");
  if (!isFinished(run) || run.isDeleting || seconds === undefined || Number.isNaN(completedMs)) return [];
  const atMs = completedMs + seconds * 1000;
  return nowMs < atMs ? [{ decisions: [], requeueAtMs: atMs }] : [{ decisions: [{ do: "deleteRun", run }] }];
}

/** Maximum number of deletions per reconcile: a new limit may apply to thousands of runs. */
const maxDeletions = 20;

/** The oldest finished runs beyond the history limit, without those whose pod still has the finalizer. */
function surplus({ runs, settings }: Observed, busy: ReadonlySet<string>): Run[] {
  const { historyLimit } = settings;
  if (historyLimit === undefined) return [];
  const finished = runs.filter((run) => isFinished(run) && !run.isDeleting);
  if (finished.length <= historyLimit) return [];
  const oldestFirst = finished.sort((a, b) => endedMs(a) - endedMs(b));
  const beyond = oldestFirst.slice(0, finished.length - historyLimit);
  return beyond.filter(({ uid }) => !busy.has(uid)).slice(0, maxDeletions);
}

function endedMs(run: Run): number {
  return Date.parse(run.status.completionTime ?? "") || run.createdMs;
}

function withoutPod({ runs, deletedPods, settings }: Observed): Run[] {
  if (settings.reportLogsGone !== true || deletedPods === undefined || deletedPods.size === 0) return [];
  return runs.filter(
    (run) => isFinished(run) && run.logsAt !== undefined && deletedPods.has(run.status.pod?.uid ?? ""),
  );
}
