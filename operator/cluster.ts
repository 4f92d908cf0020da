/** The interface to Kubernetes, in the domain's types. operator/kubernetes/ implements it, test/ in memory. */
import type { ClaudeRunStatus } from "../crds/claude-run.ts";
import type { ConfigMapRole } from "./decide/missing-config-map.ts";
import type { AgentKey, RunEvent, Job, Observed, Pod, Run, Stop } from "./domain.ts";

export interface Cluster {
  /** The agent's objects in the caches. Caches may lag: the methods that write check what must be true. */
  observe(agent: AgentKey): Pick<Observed, "runs" | "jobs" | "pods" | "leftPods" | "deletedPods" | "catchUpUntilMs">;

  /**
   * The agent's runs whose client is lost, by uid, with the reason. The agent is enqueued when another client is
   * lost.
   */
  lostClients(agent: AgentKey, runs: readonly Run[]): ReadonlyMap<string, string>;

  /**
   * The agent's pods that have not ended, from a list that is not older than `pod`. The watch must have shown `pod`.
   * The proof of invariant 1 needs no more.
   */
  listActivePods(pod: Pod): Promise<readonly Pod[]>;

  /**
   * Starts to create the ConfigMaps that the pod mounts; `ungate` waits for them and reports their errors. Throws
   * OutdatedPodError if this operator cannot create the run ConfigMap that the pod requires.
   */
  prepareConfigMaps(pod: Pod): Promise<void>;

  /**
   * Creates the Job of an attempt, with a gated pod, and its ConfigMaps. Idempotent: an existing Job of this run is
   * success. `observe` shows the Job from then on.
   */
  createJob(run: Run, attempt: number): Promise<void>;

  /** Writes the status. Throws ConflictError if the run has changed since it was observed. */
  updateStatus(run: Run, status: ClaudeRunStatus): Promise<void>;

  /** Sets LogsAvailable of a finished run to False. Throws ConflictError if the condition is at another index. */
  markLogsUnavailable(run: Run): Promise<void>;

  /**
   * Removes the pod's gate and adds the operator's finalizer, in one patch that fails if either is done already.
   * Throws OutdatedPodError as prepareConfigMaps does.
   */
  ungate(pod: Pod): Promise<void>;

  /** Removes the operator's finalizer from the pod. Idempotent. */
  removeFinalizer(pod: Pod): Promise<void>;

  /** Makes the kubelet end a pod whose claude has ended; pod and log are kept. */
  endSidecars(pod: Pod): Promise<void>;

  /** Ends the pod. A pod that has run is kept with its log. */
  stop(pod: Pod, stop: Stop): Promise<void>;

  /** Deletes the object with this uid; `ifUnchanged`: only with this resourceVersion. A deleted object is success. */
  delete(object: Run | Job | Pod, options?: { readonly ifUnchanged: boolean }): Promise<void>;

  /** Records an Event about the run. Nothing depends on Events: a failed write is only logged. */
  recordEvent(run: Run, event: RunEvent): void;

  /** The newest warning Event about a Job or pod. Some problems are in no status. */
  latestWarning(object: Job | Pod): Promise<{ readonly reason: string; readonly message: string } | undefined>;

  /**
   * Creates a ConfigMap that a pod mounts if it was deleted. Returns false if it is missing and this operator cannot
   * create it with the content that the pod requires.
   */
  ensureConfigMap(pod: Pod, role: ConfigMapRole): Promise<boolean>;

  /**
   * Reads an admitted run's pod from the API server, by name and uid. If it exists, changed labels and annotations
   * are restored, and `observe` shows it from then on. Caches drop a pod whose finalizer a user removed. Returns
   * false if it was deleted.
   */
  restoreAdmittedPod(run: Run, pod: { readonly name: string; readonly uid: string }): Promise<boolean>;

  /**
   * Restores the labels of a pod that the watch does not show any more, with or without a run. From then on it is no
   * left pod; `observe` shows it if it exists and has not ended.
   */
  restoreLabels(pod: Pod): Promise<void>;

  /**
   * Asks the API server, not the cache, whether the object with this name and uid exists. A Job that is being deleted
   * counts as deleted. So does a Job that was suspended since it was observed; `observe` shows that from then on.
   */
  confirmExists(
    kind: "run" | "job",
    id: { readonly namespace: string; readonly name: string; readonly uid: string } & Pick<Partial<Job>, "suspended">,
  ): Promise<boolean>;
}
