/** Indexes Jobs and pods by run, because an agent can have tens of thousands of runs and pods. */
import { attemptOf, isTerminal, type Job, type Observed, type Pod, type Run } from "../domain.ts";
import type { RunContext } from "./decision.ts";

export class AttemptObjects {
  readonly #jobs: ReadonlyMap<string, readonly Job[]>;
  readonly #pods: ReadonlyMap<string, readonly Pod[]>;
  readonly #podByUid: ReadonlyMap<string, Pod>;

  constructor({ jobs, pods }: Pick<Observed, "jobs" | "pods">) {
    this.#jobs = byRun(jobs);
    this.#pods = byRun(pods);
    this.#podByUid = new Map(pods.map((pod) => [pod.uid, pod]));
  }

  /** Returns the Job of the run's attempt, and the pod that counts for the attempt. */
  of(run: Run): Pick<RunContext, "attempt" | "job" | "pod"> {
    const attempt = attemptOf(run);
    const job = this.#jobs.get(run.uid)?.find((each) => each.attempt === attempt);
    const admittedUid = run.status.pod?.uid;
    if (admittedUid !== undefined) return { attempt, job, pod: this.#podByUid.get(admittedUid) };
    // No operator created a gated pod without a Job: garbage collection deletes it.
    const all = (this.#pods.get(run.uid) ?? []).filter((pod) => !(pod.isGated && pod.jobUid === undefined));
    const ofAttempt = all.filter((pod) => pod.attempt === attempt);
    // A gated pod has its finalizer from a user, not from an operator. If a user edited the attempt, a pod that may run
    // counts all the same.
    const ungated = all.find(
      (pod) => pod.hasFinalizer && !pod.isGated && (pod.attempt === attempt || !isTerminal(pod)),
    );
    if (ungated !== undefined) return { attempt, job, pod: ungated };
    // The candidate's pod. After a user deleted it, the terminating pod and its successor can both exist.
    const alive = ofAttempt.filter((pod) => !isTerminal(pod));
    return { attempt, job, pod: alive.find((pod) => pod.isGated) ?? alive[0] };
  }
}

function byRun<T extends { readonly runUid: string }>(objects: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const object of objects) {
    const group = groups.get(object.runUid);
    if (group === undefined) groups.set(object.runUid, [object]);
    else group.push(object);
  }
  return groups;
}
