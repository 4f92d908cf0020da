/**
 * What is ours but of no unfinished run: results nobody waits for any more, and pods and Jobs that a frozen replica made
 * for a run that is over. They stay gated, so they can't run; they are removed so that they hold nobody up. And what becomes
 * of finished runs.
 */
import { attemptOf, hasEnded, isAdmitted, isFinished, type Job, type Observed, type Pod, type Run } from "../domain.ts";
import type { Decision } from "./decision.ts";
import { endedByHand, restamped } from "./ended-status.ts";

/** Decisions about leftovers, and about finished runs whose TTL is over. */
export function sweep(observed: Observed): { decisions: readonly Decision[]; wakeAtMs?: number } {
  const byUid = new Map(observed.runs.map((run) => [run.uid, run]));
  const pods = observed.pods.flatMap((pod) => sweepPod(pod, byUid.get(pod.runUid)));
  const jobs = observed.jobs.flatMap((job) => sweepJob(job, byUid.get(job.runUid)));
  const touched = observed.runs.filter(
    (run) => isFinished(run) && run.generation > (run.status.observedGeneration ?? 0),
  );
  const byHand = observed.runs.filter((run) => run.endedByHand === true);
  const expired = observed.runs.flatMap((run) => expiryOf(run, observed.nowMs));
  const wakes = expired.map((each) => each.wakeAtMs).filter((at) => at !== undefined);
  return {
    decisions: [
      ...pods,
      ...jobs,
      ...touched.map((run): Decision => ({ do: "record", run, status: restamped(run) })),
      ...byHand.map((run): Decision => ({ do: "record", run, status: endedByHand(run, observed.nowMs) })),
      ...expired.flatMap((each) => each.decisions),
      ...surplus(observed).map((run): Decision => ({ do: "removeRun", run })),
      ...withoutLog(observed).map((run): Decision => ({ do: "markLogsGone", run })),
    ],
    ...(wakes.length === 0 ? {} : { wakeAtMs: Math.min(...wakes) }),
  };
}

function sweepPod(pod: Pod, run: Run | undefined): Decision[] {
  const isOver = run === undefined || isFinished(run);
  // A pod that was let go and has ended: whatever is to be recorded of it is (or nobody is left to record it for).
  // A status that names no pod yet is edited or old: the rule for such a run comes first.
  if (pod.held && hasEnded(pod) && (isOver || isSuperseded(pod, run))) {
    return run === undefined ? [{ do: "sweep", pod }] : [{ do: "release", pod }];
  }
  if (hasEnded(pod)) return [];
  if (run === undefined) return [{ do: "sweep", pod }];
  if (isFinished(run)) return [{ do: "sweep", run, pod }];
  if (pod.gated && isSuperseded(pod, run)) return [{ do: "sweep", run, pod }];
  return [];
}

/** Of an earlier attempt, or not the one pod that was let go for this attempt: it can never be let go, or was recorded. */
function isSuperseded(pod: Pod, run: Run): boolean {
  const attempt = attemptOf(run);
  if (pod.attempt !== attempt) return pod.attempt < attempt;
  return isAdmitted(run) && run.status.pod?.uid !== pod.uid;
}

function sweepJob(job: Job, run: Run | undefined): Decision[] {
  if (job.deleting || job.finished) return [];
  if (run === undefined) return [{ do: "sweep", job }];
  // A Job that still makes pods for a finished run; one whose pod was let go ends by itself.
  if (isFinished(run) && run.status.job?.uid !== job.uid) return [{ do: "sweep", run, job }];
  return [];
}

function expiryOf(run: Run, nowMs: number): { decisions: Decision[]; wakeAtMs?: number }[] {
  const seconds = run.spec.ttlSecondsAfterFinished;
  const completedMs = Date.parse(run.status.completionTime ?? "");
  if (!isFinished(run) || run.deleting || seconds === undefined || Number.isNaN(completedMs)) return [];
  const atMs = completedMs + seconds * 1000;
  return nowMs < atMs ? [{ decisions: [], wakeAtMs: atMs }] : [{ decisions: [{ do: "removeRun", run }] }];
}

/** In one pass; the next goes on. Somebody may have set the limit with thousands there. */
const removedAtOnce = 20;

/** The oldest finished runs beyond the history limit; never one whose pod may still be ours to give back. */
function surplus({ runs, pods, settings }: Observed): Run[] {
  const { historyLimit } = settings;
  if (historyLimit === undefined) return [];
  const finished = runs.filter((run) => isFinished(run) && !run.deleting);
  if (finished.length <= historyLimit) return [];
  const busy = new Set(pods.filter((pod) => pod.held || !hasEnded(pod)).map(({ runUid }) => runUid));
  const oldestFirst = finished.sort((a, b) => endedMs(a) - endedMs(b));
  const beyond = oldestFirst.slice(0, finished.length - historyLimit);
  return beyond.filter(({ uid }) => !busy.has(uid)).slice(0, removedAtOnce);
}

function endedMs(run: Run): number {
  return Date.parse(run.status.completionTime ?? "") || run.createdMs;
}

function withoutLog({ runs, gonePods, settings }: Observed): Run[] {
  if (settings.reportLogsGone !== true || gonePods === undefined || gonePods.size === 0) return [];
  return runs.filter((run) => isFinished(run) && run.logsAt !== undefined && gonePods.has(run.status.pod?.uid ?? ""));
}
