/**
 * The operator's types for the objects that it watches. operator/kubernetes/ parses the API server's objects into them.
 * Times are milliseconds since the epoch; an absent field is unknown.
 */
import type { ClaudeRunSpec, ClaudeRunStatus } from "../crds/claude-run.ts";
import { isFinished } from "../crds/finished.ts";
import type { CancelReason, FailureReason } from "../crds/reasons.ts";

/** Namespace and agent. It is the key of the work queue, because an agent's runs contend for one slot. */
export type AgentKey = `${string}/${string}`;

/** The fields of the spec that decisions need; the rest (prompt, pod template) is read when the Job is created. */
export type RunSpec = Pick<
  ClaudeRunSpec,
  | "agent"
  | "cancel"
  | "cancelReason"
  | "suspend"
  | "priority"
  | "concurrencyPolicy"
  | "clientLeaseName"
  | "queueDeadlineSeconds"
  | "startDeadlineSeconds"
  | "activeDeadlineSeconds"
  | "terminationGracePeriodSeconds"
  | "podTTLSecondsAfterFinished"
  | "ttlSecondsAfterFinished"
  | "disruptionRetries"
  | "sidecarGraceSeconds"
  | "workspace"
>;

/** Defaults from the configuration for fields that the spec leaves out. */
export type SpecDefaults = Pick<
  ClaudeRunSpec,
  "queueDeadlineSeconds" | "activeDeadlineSeconds" | "idleTimeoutSeconds" | "ttlSecondsAfterFinished"
>;

/** A ClaudeRun. */
export interface Run {
  readonly kind: "run";
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly createdMs: number;
  readonly isDeleting: boolean;
  readonly spec: RunSpec;
  readonly status: ClaudeRunStatus;
  /** The phase is a finished one, but there is no Finished condition: a user set the phase by hand. */
  readonly isFinishedByHand?: boolean;
  /** Of a finished run: the index of LogsAvailable in its conditions, if it is True. */
  readonly logsAt?: number;
}

/** An object that was created for an attempt of a run. */
interface ForRun {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly agent: string;
  readonly runName: string;
  readonly runUid: string;
  readonly attempt: number;
  readonly createdMs: number;
  readonly isDeleting: boolean;
}

/** A Job of a run. */
export interface Job extends ForRun {
  readonly kind: "job";
  readonly isFinished: boolean;
  /** The Job controller's reason, if the Job failed. */
  readonly failed?: string;
  /** Name of the runner ConfigMap that its pod mounts. */
  readonly runnerConfigMap?: string;
  /** The field by which a user or controller keeps the Job from having a pod. The operator never suspends a Job. */
  readonly suspended?: { readonly by: "suspend" | "parallelism"; readonly sinceMs?: number };
}

/** Why the operator stopped a pod. It is stored on the pod, so that every replica knows it. */
export interface Stop {
  readonly reason: CancelReason | FailureReason;
  readonly message: string;
}

/** The container with the runner and claude. */
export type ContainerState =
  | { readonly kind: "unknown" }
  | { readonly kind: "waiting"; readonly reason?: string; readonly message?: string }
  | { readonly kind: "running"; readonly startedMs?: number }
  | {
      readonly kind: "terminated";
      readonly reason?: string;
      readonly exitCode: number;
      readonly signal?: number;
      /** The termination message, normally the runner's report. */
      readonly message?: string;
      readonly startedMs?: number;
      readonly finishedMs?: number;
    };

/** A pod of a run. */
export interface Pod extends ForRun {
  readonly kind: "pod";
  readonly jobName?: string;
  readonly jobUid?: string;
  /** The run's priority when the Job was created. It decides which of two gated pods is deleted. */
  readonly priority: number;
  readonly isGated: boolean;
  /** An operator annotated the pod with its uid, which a user who creates a pod cannot know in advance. */
  readonly isUngatedByUs?: boolean;
  /** Has the operator's finalizer: the pod was ungated, and its result may not be recorded yet. */
  readonly hasFinalizer: boolean;
  readonly node?: string;
  readonly phase: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
  readonly reason?: string;
  readonly message?: string;
  readonly scheduled?: { readonly done: boolean; readonly reason?: string; readonly message?: string };
  /** The DisruptionTarget condition: drain, preemption or node loss. */
  readonly disruption?: { readonly reason: string; readonly message?: string };
  readonly container: ContainerState;
  /** After claude's end: names of the other containers that still run. The operator never adds containers. */
  readonly openContainers?: readonly string[];
  /** The operator told the kubelet to end the pod, because claude has ended and other containers still run. */
  readonly isEndingSidecars?: boolean;
  /** The init container that claude's start waits for, with the kubelet's reason. */
  readonly waitsFor?: { readonly name: string; readonly reason: string; readonly message?: string };
  /** Since when the node has been unreachable although the container was running. Its state is unknown. */
  readonly nodeUnreachableSinceMs?: number;
  readonly stop?: Stop;
  /** Name of the runner ConfigMap that it mounts. */
  readonly runnerConfigMap?: string;
  /**
   * JSON: the files of the run ConfigMap that the pod's command requires, each with its SHA-256. Absent: an older
   * operator created the pod.
   */
  readonly runDigests?: string;
  /** The run's progress when its log was last sampled. */
  readonly sample?: Sample;
}

/** The runner's newest checkpoint: the log so far, claude's activity and its session. */
export interface Sample {
  readonly log: NonNullable<ClaudeRunStatus["log"]>;
  readonly progress: NonNullable<ClaudeRunStatus["progress"]>;
  readonly session?: NonNullable<ClaudeRunStatus["session"]>;
}

/** An Event about a run, as `kubectl describe` shows it. */
export interface RunEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly action: "Queue" | "Admit" | "Retry" | "Finish" | "Restore";
  readonly note: string;
}

/** The input of all decisions about an agent. */
export interface Observed {
  readonly agent: AgentKey;
  readonly nowMs: number;
  readonly runs: readonly Run[];
  readonly jobs: readonly Job[];
  readonly pods: readonly Pod[];
  /** Pods that left the watch before their end: force-deleted, or their labels were changed. */
  readonly leftPods?: readonly Pod[];
  readonly settings: Settings;
  /** The message of the active-run limit, if it keeps the agent's candidate waiting although the slot is free. */
  readonly limit?: string;
  /** Runs whose client is lost, by uid, with the reason. */
  readonly lostClients?: ReadonlyMap<string, string>;
  /**
   * After an outage or a change of leader: until this time the caches may lack events that have happened. Absent: no
   * recent outage.
   */
  readonly catchUpUntilMs?: number;
  /** Uids of deleted pods whose runs may still have LogsAvailable=True. */
  readonly deletedPods?: ReadonlySet<string>;
}

/** The part of the operator's configuration that decisions need. */
export interface Settings {
  /** False (`admission: paused`): no run is admitted; active runs continue. */
  readonly admission: boolean;
  /** Maximum number of active runs in all namespaces; absent: no limit. */
  readonly maxActiveRuns?: number;
  /** Maximum number of active runs per namespace; absent: no limit. */
  readonly maxActiveRunsPerNamespace?: number;
  /** Number of finished runs kept per agent; absent: all. */
  readonly historyLimit?: number;
  /** True: LogsAvailable of a finished run turns False when its pod is deleted. */
  readonly reportLogsGone?: boolean;
}

export function agentKey(namespace: string, agent: string): AgentKey {
  return `${namespace}/${agent}`;
}

/** True if no container of the pod runs or can run again. */
export function isTerminal(pod: Pod): boolean {
  if (pod.phase === "Succeeded" || pod.phase === "Failed") return true;
  // The API server does not bind a pod that is being deleted: without a node, or with its gate, it can never run.
  return pod.isDeleting && (pod.isGated || pod.node === undefined);
}

/** True if claude has ended but the pod has not: other containers may still run, and keep the slot. */
export function outlivesClaude(pod: Pod): boolean {
  return pod.container.kind === "terminated" && !isTerminal(pod);
}

/** True if a Job controller created the pod or an operator ungated it. The proof of the slot counts these pods. */
export function isMadeByUs(pod: Pod): boolean {
  return pod.jobUid !== undefined || pod.isUngatedByUs === true;
}

/** True once the status names the pod of this attempt, which is ungated right after. */
export function isAdmitted(run: Run): boolean {
  return run.status.pod?.uid !== undefined;
}

/** Number of the run's attempt, from 1; it never decreases. */
export function attemptOf(run: Run): number {
  return run.status.attempt ?? 1;
}

/** True between two attempts: the end of the earlier one is recorded, and the next one has no admitted pod yet. */
export function isBetweenAttempts(run: Run): boolean {
  return !isFinished(run) && !isAdmitted(run) && attemptOf(run) > 1;
}

/** True if the run holds the agent's slot: from its first admitted pod on, between attempts too. */
export function holdsSlot(run: Run): boolean {
  return isAdmitted(run) || isBetweenAttempts(run);
}
