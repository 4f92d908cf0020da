/**
 * Observed → decisions; pure. One agent's runs contend for one slot, so one look at all of them decides. The rules of a
 * run stand in one table, in the order of their precedence: the first that applies wins.
 */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import { queuedReasons } from "../../crds/reasons.ts";
import { hasEnded, isAdmitted, isFinished, type Job, type Observed, type Pod, type Run, type Stop } from "../domain.ts";
import { byQueueOrder } from "./queue-order.ts";
import { cancelMessage, failure, lost, outcome, startFailure, type Outcome } from "./outcome.ts";
import { mirror } from "./mirror.ts";
import * as status from "./status.ts";
import { sweep } from "./sweep.ts";

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
      /** It waits for something that only Events explain: what was recorded about this is quoted. */
      readonly about?: Job | Pod;
    }
  /** The same, but only if the pod is truly gone: a cache that lags must not lose a run. */
  | {
      readonly do: "recordLost";
      readonly run: Run;
      readonly status: ClaudeRunStatus;
      readonly podName: string;
      readonly podUid: string;
    }
  /** The result is recorded: give the pod back. */
  | { readonly do: "release"; readonly pod: Pod }
  /** Ours, but of a run that is gone or over: remove it, after asking whether the run is truly gone. */
  | { readonly do: "sweep"; readonly run?: Run; readonly pod?: Pod; readonly job?: Job }
  /** The run's own TTL is over. */
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
  /** The one that may be admitted next, if any. */
  readonly candidate: Run | undefined;
  /** Place in the queue, from 1; of waiting runs only. */
  readonly position: number | undefined;
}

interface Verdict {
  readonly decisions: readonly Decision[];
  readonly wakeAtMs?: number;
}

export type Rule = readonly [name: string, judge: (one: Case) => Verdict | undefined];

/** Every run that is not finished goes down this table. */
export const rules: readonly Rule[] = [
  ["an admitted run whose pod has ended is finished", podEnded],
  ["an admitted run whose pod is gone is lost", podGone],
  ["an admitted run that is cancelled is stopped", stopCancelled],
  ["an admitted run that was replaced is stopped", stopReplaced],
  ["an admitted pod that still has its gate is let go", finishAdmission],
  ["an admitted run that does not start in time is stopped", stopUnstarted],
  ["an admitted run shows its pod", showPod],
  ["a run that is being deleted makes nothing new", leaveDeleted],
  ["a waiting run that is cancelled ends", endCancelled],
  ["a waiting run that was replaced ends", endReplaced],
  ["a waiting run past its queue deadline fails", failQueueDeadline],
  ["a Forbid run fails while the agent is busy", failForbidden],
  ["a suspended run waits", waitSuspended],
  ["nothing is admitted while the operator is paused", waitPaused],
  ["a run that is not next waits", waitBusy],
  ["the next run's Job is made", makeJob],
  ["the next run's dead Job is made again", remakeJob],
  ["the next run asks for the slot", askForSlot],
  ["the next run's pod is awaited", awaitPod],
];

/** Every move of the queue changes every position: only the first few are worth their writes. */
const shownPositions = 5;

/** Decides for one agent. */
export function decide(observed: Observed): Decisions {
  const unfinished = observed.runs.filter((run) => !isFinished(run));
  const waiting = unfinished.filter((run) => !isAdmitted(run) && !run.deleting).sort(byQueueOrder);
  const queue = waiting.filter((run) => !run.spec.suspend && !run.spec.cancel);
  const busy = unfinished.some(isAdmitted);
  const candidate = busy ? undefined : queue.find((run) => !isReplaced(run, unfinished));
  const verdicts = unfinished.map((run) => {
    const place = queue.indexOf(run);
    return judge(caseOf(observed, run, candidate, place < 0 ? undefined : place + 1));
  });
  const swept = sweep(observed);
  const wakes = [...verdicts, swept].map((each) => each.wakeAtMs).filter((at) => at !== undefined);
  return {
    groups: [...verdicts.map((each) => each.decisions), ...swept.decisions.map((each) => [each])],
    ...(wakes.length === 0 ? {} : { wakeAtMs: Math.min(...wakes) }),
  };
}

function judge(one: Case): Verdict {
  for (const [, rule] of rules) {
    const verdict = rule(one);
    if (verdict !== undefined) return verdict;
  }
  return { decisions: [] };
}

function caseOf(observed: Observed, run: Run, candidate: Run | undefined, position: number | undefined): Case {
  const attempt = run.status.attempt ?? 1;
  const job = observed.jobs.find((each) => each.runUid === run.uid && each.attempt === attempt);
  const admittedUid = run.status.pod?.uid;
  const mine = observed.pods.filter((pod) => pod.runUid === run.uid && pod.attempt === attempt);
  // Before admission: the pod that asks for the slot. A user's delete can leave a dying one beside its successor.
  const asking = mine.find((pod) => pod.gated && !hasEnded(pod)) ?? mine.find((pod) => !hasEnded(pod));
  const pod = admittedUid === undefined ? asking : observed.pods.find((each) => each.uid === admittedUid);
  return { observed, run, attempt, job, pod, candidate, position };
}

// — admitted —

function podEnded({ run, pod, job, observed }: Case): Verdict | undefined {
  if (!isAdmitted(run) || pod === undefined || !hasEnded(pod)) return undefined;
  return end(run, outcome(run, pod, job), observed.nowMs, pod);
}

function podGone({ run, pod, job, observed }: Case): Verdict | undefined {
  if (!isAdmitted(run) || pod !== undefined) return undefined;
  const { name = "", uid = "" } = run.status.pod ?? {};
  const how: Outcome = run.spec.cancel ? { reason: "Cancelled", message: cancelMessage(run) } : lost(job);
  const ended = status.finished(run, how, observed.nowMs);
  return { decisions: [{ do: "recordLost", run, status: ended, podName: name, podUid: uid }] };
}

function stopCancelled({ run, pod }: Case): Verdict | undefined {
  if (!isAdmitted(run) || pod === undefined || !run.spec.cancel || pod.stop !== undefined) return undefined;
  return stop(pod, { reason: "Cancelled", message: cancelMessage(run) });
}

function stopReplaced({ run, pod, observed }: Case): Verdict | undefined {
  if (!isAdmitted(run) || pod === undefined || pod.stop !== undefined) return undefined;
  const by = replacedBy(
    run,
    observed.runs.filter((each) => !isFinished(each)),
  );
  return by === undefined ? undefined : stop(pod, replacedStop(by));
}

function finishAdmission({ run, pod }: Case): Verdict | undefined {
  if (!isAdmitted(run) || pod === undefined || !pod.gated) return undefined;
  return { decisions: [{ do: "letGo", run, pod }] };
}

function stopUnstarted({ run, pod, observed }: Case): Verdict | undefined {
  if (!isAdmitted(run) || pod === undefined || pod.stop !== undefined) return undefined;
  if (pod.container.kind === "running" || pod.container.kind === "terminated") return undefined;
  if (observed.nowMs < startDeadlineMs(run)) return undefined;
  const { reason, message } = startFailure(run, pod);
  return stop(pod, { reason: reason as Stop["reason"], message });
}

function showPod({ run, pod, observed }: Case): Verdict | undefined {
  if (!isAdmitted(run) || pod === undefined) return undefined;
  const mirrored = mirror(run, pod);
  const now = status.mirrored(run, pod, mirrored, observed.nowMs);
  const waits = mirrored.phase === "Pending" && pod.stop === undefined;
  return {
    decisions: [
      {
        do: "record",
        run,
        status: now,
        soft: mirrored.phase === "Pending" || mirrored.reason === "Ending",
        ...(mirrored.reason === "Starting" ? { about: pod } : {}),
      },
    ],
    ...(waits ? { wakeAtMs: startDeadlineMs(run) } : {}),
  };
}

function startDeadlineMs(run: Run): number {
  const admittedMs = Date.parse(run.status.admittedTime ?? "");
  const seconds = run.spec.startDeadlineSeconds;
  return (Number.isNaN(admittedMs) ? run.createdMs : admittedMs) + seconds * 1000;
}

// — waiting —

function leaveDeleted({ run, pod, job }: Case): Verdict | undefined {
  if (!run.deleting) return undefined;
  return { decisions: withdrawal(pod, job) };
}

function endCancelled(one: Case): Verdict | undefined {
  if (!one.run.spec.cancel) return undefined;
  return endWaiting(one, { reason: "Cancelled", message: cancelMessage(one.run) });
}

function endReplaced(one: Case): Verdict | undefined {
  const by = replacedBy(
    one.run,
    one.observed.runs.filter((each) => !isFinished(each)),
  );
  return by === undefined ? undefined : endWaiting(one, replacedStop(by));
}

function failQueueDeadline(one: Case): Verdict | undefined {
  const seconds = one.run.spec.queueDeadlineSeconds;
  if (seconds === undefined || one.observed.nowMs < one.run.createdMs + seconds * 1000) return undefined;
  return endWaiting(one, failure("QueueDeadlineExceeded", `It waited ${seconds} s.`));
}

function failForbidden(one: Case): Verdict | undefined {
  const { run, observed } = one;
  if (run.spec.concurrencyPolicy !== "Forbid") return undefined;
  const other = observed.runs.find(
    (each) =>
      each.uid !== run.uid && !isFinished(each) && (isAdmitted(each) || (!each.spec.suspend && isOlder(each, run))),
  );
  return other === undefined ? undefined : endWaiting(one, failure("AgentBusy", `Run ${other.name} is unfinished.`));
}

function waitSuspended(one: Case): Verdict | undefined {
  if (!one.run.spec.suspend) return undefined;
  return wait(one, { reason: "Suspended", message: "spec.suspend is true: the run is admitted once it is false." });
}

function waitPaused(one: Case): Verdict | undefined {
  if (one.observed.settings.admission) return undefined;
  return wait(one, { reason: "OperatorPaused", message: "Admission is paused in the operator's configuration." });
}

function waitBusy(one: Case): Verdict | undefined {
  const { run, candidate, observed, position } = one;
  if (candidate === run) return undefined;
  const ahead = observed.runs.find((each) => !isFinished(each) && isAdmitted(each)) ?? candidate;
  // Far back in the queue the name of the holder is not worth a write to every run at each change.
  const isNear = position !== undefined && position <= shownPositions;
  const message = ahead === undefined || !isNear ? queuedReasons.AgentBusy : `Run ${ahead.name} comes first.`;
  return wait(one, { reason: "AgentBusy", message });
}

function makeJob({ run, job, attempt, observed }: Case): Verdict | undefined {
  if (job !== undefined) return undefined;
  return { decisions: [{ do: "make", run, attempt }, ...admitting(run, observed)], ...untilQueueDeadline(run) };
}

/** A user deleted the gated pod or the Job: nothing ran, so both are simply made again once the old ones are gone. */
function remakeJob({ run, job, pod, observed }: Case): Verdict | undefined {
  if (job === undefined || (!job.finished && !job.deleting)) return undefined;
  const left = job.deleting ? [] : withdrawal(pod, job);
  return { decisions: [...left, ...admitting(run, observed)], ...untilQueueDeadline(run) };
}

function askForSlot({ run, pod, observed }: Case): Verdict | undefined {
  if (pod === undefined || !pod.gated || pod.deleting) return undefined;
  const next = status.admitted(run, pod, observed.nowMs);
  return { decisions: [{ do: "admit", run, pod, status: next }], ...untilQueueDeadline(run) };
}

function awaitPod({ run, job, observed }: Case): Verdict {
  return { decisions: admitting(run, observed, job), ...untilQueueDeadline(run) };
}

/** Passes in milliseconds as a rule: worth a write only if it lasts. */
function admitting(run: Run, observed: Observed, about?: Job): Decision[] {
  const why = { reason: "Admitting", message: "It is next: its pod is being made and checked." } as const;
  return [
    {
      do: "record",
      run,
      status: status.queued(run, why, observed.nowMs),
      soft: true,
      ...(about === undefined ? {} : { about }),
    },
  ];
}

// — shared —

function wait(one: Case, why: { reason: Parameters<typeof status.queued>[1]["reason"]; message: string }): Verdict {
  const { run, pod, job, observed, position } = one;
  const place = position !== undefined && position <= shownPositions ? { position } : {};
  return {
    decisions: [
      ...withdrawal(pod, job),
      { do: "record", run, status: status.queued(run, { ...why, ...place }, observed.nowMs) },
    ],
    ...untilQueueDeadline(run),
  };
}

function untilQueueDeadline(run: Run): { wakeAtMs?: number } {
  const seconds = run.spec.queueDeadlineSeconds;
  return seconds === undefined ? {} : { wakeAtMs: run.createdMs + seconds * 1000 };
}

function endWaiting(
  { run, pod, job, observed }: Pick<Case, "run" | "pod" | "job" | "observed">,
  how: Outcome,
): Verdict {
  return {
    decisions: [...withdrawal(pod, job), { do: "record", run, status: status.finished(run, how, observed.nowMs) }],
  };
}

function withdrawal(pod: Pod | undefined, job: Job | undefined): Decision[] {
  if (pod === undefined && job === undefined) return [];
  if (job?.deleting === true && pod === undefined) return [];
  return [{ do: "withdraw", ...(pod === undefined ? {} : { pod }), ...(job === undefined ? {} : { job }) }];
}

function end(run: Run, how: Outcome, nowMs: number, pod: Pod): Verdict {
  const release: Decision[] = pod.held ? [{ do: "release", pod }] : [];
  return { decisions: [{ do: "record", run, status: status.finished(run, how, nowMs) }, ...release] };
}

/** The reason travels on the pod; the status shows it once the pod does. */
function stop(pod: Pod, why: Stop): Verdict {
  return { decisions: [{ do: "stop", pod, stop: why }] };
}

/** The oldest unfinished, unsuspended Replace run that came after this one: it takes this one's place. */
function replacedBy(run: Run, unfinished: readonly Run[]): Run | undefined {
  return unfinished.find(
    (each) =>
      each.spec.concurrencyPolicy === "Replace" &&
      !each.spec.suspend &&
      !each.spec.cancel &&
      !isAdmitted(each) &&
      !each.deleting &&
      isOlder(run, each),
  );
}

function isReplaced(run: Run, unfinished: readonly Run[]): boolean {
  return replacedBy(run, unfinished) !== undefined;
}

function replacedStop(by: Run): Stop {
  return { reason: "Replaced", message: `Run ${by.name} with concurrencyPolicy Replace took its place.` };
}

function isOlder(a: Run, b: Run): boolean {
  return a.createdMs < b.createdMs || (a.createdMs === b.createdMs && a.name < b.name);
}
