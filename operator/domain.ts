/**
 * The operator's own words for what it watches. The API server's objects end in operator/kubernetes/, where they are
 * parsed; past it everything speaks of these. Times are milliseconds since the epoch; absent means not known.
 */
import type { ClaudeRunSpec, ClaudeRunStatus } from "../crds/claude-run.ts";
import type { CancelReason, FailureReason } from "../crds/reasons.ts";

/** Namespace and agent: the key of all work, as one agent's runs contend for one slot. */
export type AgentKey = `${string}/${string}`;

/** The part of the spec that deciding looks at; the rest (prompt, pod template) is read when the Job is made. */
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
  | "workspace"
>;

/** What the configuration says where a run's spec says nothing: taken as if it stood there. */
export type SpecDefaults = Pick<
  ClaudeRunSpec,
  "queueDeadlineSeconds" | "activeDeadlineSeconds" | "idleTimeoutSeconds" | "ttlSecondsAfterFinished"
>;

/** A ClaudeRun. */
export interface Run {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly createdMs: number;
  readonly deleting: boolean;
  readonly spec: RunSpec;
  readonly status: ClaudeRunStatus;
  /** Finished by its phase, but no condition says so: the phase was set by hand. */
  readonly endedByHand?: boolean;
  /** Of a finished run: where in its conditions LogsAvailable stands, if it is True. */
  readonly logsAt?: number;
}

/** A Job of ours. */
export interface Job {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly agent: string;
  readonly runName: string;
  readonly runUid: string;
  readonly attempt: number;
  readonly createdMs: number;
  readonly deleting: boolean;
  readonly finished: boolean;
}

/** Why a pod of ours was stopped by us; it travels on the pod, so that no operator needs to remember it. */
export interface Stop {
  readonly reason: CancelReason | FailureReason;
  readonly message: string;
}

/** The one container that matters: the runner with claude. */
export type ContainerState =
  | { readonly kind: "unknown" }
  | { readonly kind: "waiting"; readonly reason?: string; readonly message?: string }
  | { readonly kind: "running"; readonly startedMs?: number }
  | {
      readonly kind: "terminated";
      readonly reason?: string;
      readonly exitCode: number;
      readonly signal?: number;
      /** The termination message: the runner's report, if all went well. */
      readonly message?: string;
      readonly startedMs?: number;
      readonly finishedMs?: number;
    };

/** A pod of ours. */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly agent: string;
  readonly runName: string;
  readonly runUid: string;
  readonly attempt: number;
  readonly jobName?: string;
  readonly jobUid?: string;
  /** The run's priority when the Job was made: part of the order in which two gated pods give way. */
  readonly priority: number;
  readonly createdMs: number;
  readonly gated: boolean;
  /** Has our finalizer: it was let go and its result may not be recorded yet. */
  readonly held: boolean;
  readonly deleting: boolean;
  readonly node?: string;
  readonly phase: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
  readonly reason?: string;
  readonly message?: string;
  readonly scheduled?: { readonly done: boolean; readonly reason?: string; readonly message?: string };
  /** The DisruptionTarget condition: who ended it (drain, preemption, node loss). */
  readonly disruption?: { readonly reason: string; readonly message?: string };
  readonly container: ContainerState;
  /** Its container was last seen running, and since then its node has not answered: nobody knows whether it still does. */
  readonly unheardSinceMs?: number;
  readonly stop?: Stop;
  /** How the run got on when its log was last looked at. */
  readonly sample?: Sample;
}

/** What the runner's newest checkpoint said: the log so far, what claude does, and in which session. */
export interface Sample {
  readonly log: NonNullable<ClaudeRunStatus["log"]>;
  readonly progress: NonNullable<ClaudeRunStatus["progress"]>;
  readonly session?: NonNullable<ClaudeRunStatus["session"]>;
}

/** An Event about a run, for whoever describes it. */
export interface Announcement {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly action: "Queue" | "Admit" | "Retry" | "Finish";
  readonly note: string;
}

/** Everything a decision may look at. */
export interface Observed {
  readonly agent: AgentKey;
  readonly nowMs: number;
  readonly runs: readonly Run[];
  readonly jobs: readonly Job[];
  readonly pods: readonly Pod[];
  readonly settings: Settings;
  /** Why the agent's next run may not be admitted now although the agent's slot is free: a limit on all runs. */
  readonly limit?: string;
  /** Runs whose client is lost, by uid, with why. */
  readonly lostClients?: ReadonlyMap<string, string>;
  /** Uids of pods that were seen to go, and whose runs may still say that their log is there. */
  readonly gonePods?: ReadonlySet<string>;
}

/** What the operator's configuration says about deciding. */
export interface Settings {
  /** False: nothing is admitted (`admission: paused`); what runs goes on. */
  readonly admission: boolean;
  /** At most so many runs are active at once, in all namespaces together; absent: no limit. */
  readonly maxActiveRuns?: number;
  /** At most so many runs are active at once in each namespace; absent: no limit. */
  readonly maxActiveRunsPerNamespace?: number;
  /** So many finished runs of an agent are kept, the newest; absent: all. */
  readonly historyLimit?: number;
  /** True: a finished run's LogsAvailable turns False when its pod is gone. */
  readonly reportLogsGone?: boolean;
}

export function agentKey(namespace: string, agent: string): AgentKey {
  return `${namespace}/${agent}`;
}

/** True if no container of the pod runs or can ever run again. */
export function hasEnded(pod: Pod): boolean {
  if (pod.phase === "Succeeded" || pod.phase === "Failed") return true;
  // Binding a pod that is being deleted is refused: without a node, or with its gate, it can never run.
  return pod.deleting && (pod.gated || pod.node === undefined);
}

/** True once the run's outcome is recorded: it never changes again. */
export function isFinished(run: Run): boolean {
  const { phase } = run.status;
  return phase === "Succeeded" || phase === "Failed" || phase === "Cancelled";
}

/** True once a pod was let go (or is about to be) for this attempt of the run: the compare-and-swap has happened. */
export function isAdmitted(run: Run): boolean {
  return run.status.pod?.uid !== undefined;
}

/** Number of the run's attempt, from 1; it only grows. */
export function attemptOf(run: Run): number {
  return run.status.attempt ?? 1;
}

/** True between two attempts: the earlier one is confirmed over and recorded, no pod was let go for the next one yet. */
export function isBetweenAttempts(run: Run): boolean {
  return !isFinished(run) && !isAdmitted(run) && attemptOf(run) > 1;
}

/** True if the agent's slot is this run's: from its first pod on, between attempts too. */
export function holdsSlot(run: Run): boolean {
  return isAdmitted(run) || isBetweenAttempts(run);
}
