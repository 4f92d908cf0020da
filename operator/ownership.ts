/**
 * Decides which pods belong to which run. Anyone who may create or patch a pod can write labels and annotations, so
 * they are no proof. A pod belongs to a run if the run's status names it or the run's Job owns it. A pod that an
 * operator ungated belongs to the run in its name (docs/decisions.md 51).
 */
import { isFinished } from "../crds/finished.ts";
import { type Job, type Observed, type Pod, type Run } from "./domain.ts";
import { attemptName } from "./plan/names.ts";

type View = Pick<Observed, "runs" | "jobs" | "pods">;

/** The view without pods that only look like a run's. Pods with changed labels or annotations get their run's again. */
export function ownedOnly<T extends View>(view: T): T {
  if (view.pods.length === 0) return view;
  const jobs = new Map(view.jobs.map((job) => [job.uid, job]));
  const runs = new Map(view.runs.map((run) => [run.uid, run]));
  const byPod = new Map(view.runs.flatMap((run) => (run.status.pod === undefined ? [] : [[run.status.pod.uid, run]])));
  const pods = view.pods.flatMap((pod) => {
    const run = byPod.get(pod.uid);
    if (run !== undefined) return [ofRun(pod, run)];
    const job = pod.jobUid === undefined ? undefined : jobs.get(pod.jobUid);
    if (job !== undefined) return [ofJob(pod, job)];
    const adopted = pod.isUngatedByUs === true ? byName(pod, view.runs) : undefined;
    if (adopted !== undefined) return [adopted];
    return isLeftover(pod, runs.get(pod.runUid)) ? [pod] : [];
  });
  return { ...view, pods };
}

/** True if the pod must be deleted: no status names it, and its Job is deleted or not in the cache yet. */
function isLeftover(pod: Pod, run: Run | undefined): boolean {
  if (pod.isUngatedByUs === true) return true;
  if (pod.runUid === "") return pod.isGated && pod.jobUid === undefined;
  // No operator removes the gate of a pod without a Job, so it never runs.
  if (pod.jobUid === undefined) return pod.isGated;
  const isNamedByRun = pod.jobName === attemptName({ name: pod.runName, uid: pod.runUid }, pod.attempt);
  return isNamedByRun && (run === undefined || isFinished(run) || run.status.pod !== undefined);
}

/**
 * The pod with the run in its name, if that differs from its labels. The name starts with the Job's, and no request can
 * change it. So the run of an ungated pod is known even if Job, labels and status are lost.
 */
function byName(pod: Pod, runs: readonly Run[]): Pod | undefined {
  const [, jobName = "", attempt = ""] = /^(.+-(\d{1,9}))-[a-z0-9]+$/u.exec(pod.name) ?? [];
  const run = runs.find((each) => attemptName(each, Number(attempt)) === jobName);
  if (run === undefined || (pod.runUid === run.uid && pod.attempt === Number(attempt))) return undefined;
  return { ...pod, agent: run.spec.agent, runName: run.name, runUid: run.uid, attempt: Number(attempt) };
}

function ofRun(pod: Pod, run: Run): Pod {
  if (pod.runUid === run.uid) return pod;
  return { ...pod, agent: run.spec.agent, runName: run.name, runUid: run.uid, attempt: run.status.attempt ?? 1 };
}

function ofJob(pod: Pod, { agent, runName, runUid, attempt }: Job): Pod {
  return pod.runUid === runUid && pod.attempt === attempt ? pod : { ...pod, agent, runName, runUid, attempt };
}
