/** What the simulated API server stores, and what may never become of it. */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import { isTerminal, type Job, type Pod, type Run } from "../../operator/domain.ts";

export type Kind = "run" | "job" | "pod";
export interface Objects {
  run: Run;
  job: Job;
  pod: TruePod;
}

/** A pod with what only the API server and the node know of it. */
export interface TruePod extends Pod {
  /** The Job controller's own finalizer. */
  readonly tracked: boolean;
  /** When the kubelet was told to end it (deletion, or a deadline). */
  readonly ending: boolean;
  /** A container that others put into it, which outlives claude. */
  readonly hasSidecar: boolean;
  /** Its run-uid was taken off: replicas do not see whose it is. */
  readonly isUnmarked?: boolean;
  /** The label of its agent was taken off: neither watches nor lists of the agent's pods show it. */
  readonly isUnlabelled?: boolean;
  /** Made by hand with all our marks: it runs as long as it likes, and is no run's. */
  readonly isForeign?: boolean;
}

export interface Change {
  readonly version: number;
  readonly kind: Kind;
  readonly uid: string;
  /** Absent: deleted. */
  readonly object?: Run | Job | TruePod;
}

/** An invariant was broken: the simulation has found a bug. */
export class Broken extends Error {
  override readonly name = "Broken";
}

/** The counter grows by one, past a pod that is confirmed over; of one attempt never two pods are let go. */
export function checkAttempt(
  { name, status: before }: Run,
  after: ClaudeRunStatus,
  pods: ReadonlyMap<string, TruePod>,
): void {
  const [from, to] = [before.attempt ?? 1, after.attempt ?? 1];
  if (to < from || to > from + 1) throw new Broken(`invariant 2: attempt ${to} of ${name} follows ${from}`);
  const uid = before.pod?.uid;
  const pod = pods.get(uid ?? "");
  if (to > from && pod !== undefined && !isTerminal(pod))
    throw new Broken(`invariant 2: attempt ${to} of ${name} while ${pod.name} may run`);
  if (to === from && uid !== undefined && after.pod?.uid !== uid)
    throw new Broken(`invariant 2: attempt ${to} of ${name} is given another pod than ${uid}`);
}
