/** Decisions, which are plain data for `act` to execute, and the context of a rule. */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import type { Job, Observed, Pod, Run, Stop } from "../domain.ts";

/** One action. `act` executes the decisions about a run in order, and stops at the first failure. */
export type Decision =
  /** Create the Job of an attempt; its pod starts gated. */
  | { readonly do: "createJob"; readonly run: Run; readonly attempt: number }
  /** List the agent's pods; if the slot is free, compare-and-swap this status, then ungate the pod. */
  | { readonly do: "admit"; readonly run: Run; readonly pod: Pod; readonly status: ClaudeRunStatus }
  /** Finish an admission: the status names the pod already, but the pod still has its gate. */
  | { readonly do: "ungate"; readonly run?: Run; readonly pod: Pod }
  /** End a pod and keep it, with its log, until its TTL. */
  | { readonly do: "stop"; readonly pod: Pod; readonly stop: Stop }
  /** Delete a gated pod and its Job, unless the pod has changed since it was observed. */
  | { readonly do: "deleteUnstarted"; readonly pod?: Pod; readonly job?: Job }
  /** Write the status, unless the run has changed since it was observed. */
  | {
      readonly do: "updateStatus";
      readonly run: Run;
      readonly status: ClaudeRunStatus;
      /** The state may last only a moment, so it is written once it has lasted. */
      readonly isDebounced?: boolean;
      /** The write is rate-limited if only the queue position is new. */
      readonly isRateLimited?: boolean;
      /** Only Events explain the wait: the status quotes the Events about this object. */
      readonly explainFrom?: Job | Pod;
      /** The status is only valid while this Job exists. Checked with the API server, because caches lag. */
      readonly requiresJob?: Job;
    }
  /** The same, but only if the API server confirms that the pod was deleted: a cache that lags must not lose a run. */
  | {
      readonly do: "updateStatusAfterPodLoss";
      readonly run: Run;
      readonly status: ClaudeRunStatus;
      readonly podName: string;
      readonly podUid: string;
      readonly requiresJob?: Job;
    }
  /** Make the kubelet end the pod and keep its log: claude has ended, and so has the grace of the other containers. */
  | { readonly do: "endSidecars"; readonly pod: Pod }
  /** The result is recorded: remove the operator's finalizer from the pod. */
  | { readonly do: "removeFinalizer"; readonly pod: Pod }
  /** Delete the object of a deleted or finished run, after the API server confirms that the run is deleted. */
  | { readonly do: "collectGarbage"; readonly run?: Run; readonly pod?: Pod; readonly job?: Job }
  /** Read a left pod, and restore its labels. */
  | { readonly do: "restoreLabels"; readonly pod: Pod }
  /** Set LogsAvailable of a finished run to False, rate-limited: its pod was deleted with the log. */
  | { readonly do: "markLogsUnavailable"; readonly run: Run }
  /** Delete a run whose TTL has expired, or that exceeds the history limit. */
  | { readonly do: "deleteRun"; readonly run: Run };

/** The rule that decided about a run. */
export interface Decided {
  readonly run: string;
  readonly rule: string;
}

/** What to do now, and when to reconcile again if nothing happens before. */
export interface Decisions {
  /** One entry for each run with decisions. */
  readonly decided: readonly Decided[];
  /** One group per run or garbage object. A failure in one group does not affect the others. */
  readonly groups: readonly (readonly Decision[])[];
  readonly requeueAtMs?: number;
}

/** A run with everything about its agent that the rules need. */
export interface RunContext {
  readonly observed: Observed;
  readonly run: Run;
  readonly attempt: number;
  readonly job: Job | undefined;
  readonly pod: Pod | undefined;
  /** The admitted run that holds the agent's slot, if any. */
  readonly holder: Run | undefined;
  /** The run that may be admitted next, if any. */
  readonly candidate: Run | undefined;
  /** The newest waiting run with concurrencyPolicy Replace, if any. */
  readonly replacers: readonly Run[];
  /** The oldest of the unfinished runs that are not suspended. */
  readonly oldest: Run | undefined;
  /** Position in the queue, from 1; only for waiting runs. */
  readonly position: number | undefined;
}

/** The result of a rule that applies. */
export interface RuleResult {
  readonly decisions: readonly Decision[];
  readonly requeueAtMs?: number;
}

export type Rule = readonly [name: string, apply: (ctx: RunContext) => RuleResult | undefined];
