/** What deciding yields: plain data, for act to carry out; and what a rule may look at. */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import type { Job, Observed, Pod, Run, Stop } from "../domain.ts";

/** One thing to do. `act` carries them out in this order and stops at the first that fails. */
export type Decision =
  /** Make the run's Job; its pod is born gated. */
  | { readonly do: "make"; readonly run: Run; readonly attempt: number }
  /** Look whether the slot is free; if so compare-and-swap this status, then let the pod go. */
  | { readonly do: "admit"; readonly run: Run; readonly pod: Pod; readonly status: ClaudeRunStatus }
  /** The compare-and-swap has happened, the gate is still there: finish what was begun. */
  | { readonly do: "letGo"; readonly run: Run; readonly pod: Pod }
  /** End a pod and keep it, with its log, until its TTL. */
  | { readonly do: "stop"; readonly pod: Pod; readonly stop: Stop }
  /** Take back a pod that was never let go, and its Job. Refused if the pod changed since it was seen. */
  | { readonly do: "withdraw"; readonly pod?: Pod; readonly job?: Job }
  /** Write the status, if nobody else did since. Soft: what it says may pass in a moment, so it can wait a little. */
  | {
      readonly do: "record";
      readonly run: Run;
      readonly status: ClaudeRunStatus;
      readonly soft?: boolean;
      /** If no more than the place in the queue is new, it is written in its own time. */
      readonly paced?: boolean;
      /** It waits for something that only Events explain: what was recorded about this is quoted. */
      readonly about?: Job | Pod;
      /** It is true only while this Job is there: of one that is gone it would tell another story, and caches lag. */
      readonly ifThere?: Job;
    }
  /** The same, but only if the pod is truly gone: a cache that lags must not lose a run. */
  | {
      readonly do: "recordLost";
      readonly run: Run;
      readonly status: ClaudeRunStatus;
      readonly podName: string;
      readonly podUid: string;
      readonly ifThere?: Job;
    }
  /** The result is recorded: give the pod back. */
  | { readonly do: "release"; readonly pod: Pod }
  /** Ours, but of a run that is gone or over: remove it, after asking whether the run is truly gone. */
  | { readonly do: "sweep"; readonly run?: Run; readonly pod?: Pod; readonly job?: Job }
  /** The pod of a finished run is gone, and its log with it: say so in the run's condition, in its own time. */
  | { readonly do: "markLogsGone"; readonly run: Run }
  /** The run's own TTL is over, or its agent has more finished runs than are kept. */
  | { readonly do: "removeRun"; readonly run: Run };

/** What to do now, and when to look again if nothing happens before. */
export interface Decisions {
  /** One group per run, and one per leftover: a failure inside one does not hold up the others. */
  readonly groups: readonly (readonly Decision[])[];
  readonly wakeAtMs?: number;
}

/** A run together with everything of the agent that its rules may look at. */
export interface Case {
  readonly observed: Observed;
  readonly run: Run;
  readonly attempt: number;
  readonly job: Job | undefined;
  readonly pod: Pod | undefined;
  /** The admitted run that holds the agent's slot, if any. */
  readonly holder: Run | undefined;
  /** The one that may be admitted next, if any. */
  readonly candidate: Run | undefined;
  /** Runs with concurrencyPolicy Replace that wait to take others' places. */
  readonly replacers: readonly Run[];
  /** Place in the queue, from 1; of waiting runs only. */
  readonly position: number | undefined;
}

/** What a rule that applies says. */
export interface Verdict {
  readonly decisions: readonly Decision[];
  readonly wakeAtMs?: number;
}

export type Rule = readonly [name: string, judge: (one: Case) => Verdict | undefined];
