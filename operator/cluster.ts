/** The one seam to Kubernetes, in the domain's words. operator/kubernetes/ speaks it for real, test/ in memory. */
import type { ClaudeRunStatus } from "../crds/claude-run.ts";
import type { AgentKey, Announcement, Job, Observed, Pod, Run, Stop } from "./domain.ts";

export interface Cluster {
  /** What the caches show of an agent. They may lag; what must not be wrong is looked at when it matters. */
  observe(agent: AgentKey): Pick<Observed, "runs" | "jobs" | "pods" | "gonePods">;

  /** Of an agent's runs those whose client is known to be lost, by uid, with why; the agent is woken when one is found lost. */
  lostClients(agent: AgentKey, runs: readonly Run[]): ReadonlyMap<string, string>;

  /**
   * The agent's pods that are not over, from a list that is no older than `pod`, which must have been seen by the
   * watch. That is all the proof of invariant 1 asks for.
   */
  look(pod: Pod): Promise<readonly Pod[]>;

  /**
   * Makes the run's Job for an attempt, its pod gated, and its cargo. One that exists and is ours is success. From then
   * on `observe` shows the Job.
   */
  make(run: Run, attempt: number): Promise<void>;

  /** Writes the status if the run is still as we saw it; throws ConflictError otherwise. */
  record(run: Run, status: ClaudeRunStatus): Promise<void>;

  /** Turns LogsAvailable of a finished run to False: its pod is gone. Throws ConflictError if the condition moved. */
  markLogsGone(run: Run): Promise<void>;

  /**
   * Changes a pod of ours. letGo: takes its gate off and our finalizer on, in one patch that fails if either is done.
   * release: takes our finalizer off; harmless twice. stop: ends it; one that ran is kept with its log.
   */
  change(pod: Pod, how: "letGo" | "release" | Stop): Promise<void>;

  /** Deletes something of ours: only this uid, and `ifUnchanged` only as we saw it. Gone already is success. */
  remove(thing: Run | Job | Pod, options?: { readonly ifUnchanged: boolean }): Promise<void>;

  /** Records an Event about the run. Nothing depends on it: one that cannot be written is only logged. */
  announce(run: Run, announcement: Announcement): void;

  /** The newest warning that somebody recorded about a Job or pod of ours: what no status shows. */
  explain(thing: Job | Pod): Promise<{ readonly reason: string; readonly message: string } | undefined>;

  /**
   * Asks the API server, not the cache, whether the object of this name and uid exists. A pod that
   * does is observed from then on, even one that caches drop: its finalizer may have been taken off by hand. A Job that
   * is being deleted counts as gone.
   */
  exists(
    kind: "run" | "job" | "pod",
    id: { readonly namespace: string; readonly name: string; readonly uid: string },
  ): Promise<boolean>;
}
