/** The rules of a run that waits for its agent's slot, from its creation to the moment it asks for the slot. */
import { queuedReasons } from "../../crds/reasons.ts";
import { holdsSlot, isBetweenAttempts, isFinished, type Job, type Observed, type Pod, type Run } from "../domain.ts";
import { retryDeadlineMs } from "./attempts.ts";
import { condition } from "./conditions.ts";
import type { Case, Decision, Rule, Verdict } from "./decision.ts";
import { finished } from "./ended-status.ts";
import { cancelMessage, failure, type Outcome } from "./outcome.ts";
import { refusalOf } from "./refusal.ts";
import { isOlder, replacedBy, replacedStop } from "./replace.ts";
import { notConfirmed } from "./slot.ts";
import * as status from "./status.ts";

/** In the order of their precedence; the last one always applies. */
export const waitingRules: readonly Rule[] = [
  ["a run that is being deleted makes nothing new", leaveDeleted],
  ["a run whose pod was let go is no waiting run, whatever its status says", readopt],
  ["a waiting run that is cancelled ends", endCancelled],
  ["a waiting run whose client is lost ends", endClientLost],
  ["a waiting run that was replaced ends", endReplaced],
  ["a waiting run past its queue deadline fails", failQueueDeadline],
  ["a Forbid run fails while the agent is busy", failForbidden],
  ["a suspended run waits", waitSuspended],
  ["nothing is admitted while the operator is paused", waitPaused],
  ["a run that is not next waits", waitBusy],
  ["the next run whose pod was refused for too long fails", failRefused],
  ["the next run waits while as many runs are active as may be", waitLimited],
  ["the next run's Job is made", makeJob],
  ["the next run's dead Job is made again", remakeJob],
  ["the next run asks for the slot", askForSlot],
  ["the next run's pod is awaited", awaitPod],
];

/** Every move of the queue changes every position: only the first few are worth a write at once. */
const shownPositions = 5;

/** Takes back what was made for it and not let go. */
export function leaveDeleted({ run, pod, job }: Case): Verdict | undefined {
  if (!run.deleting) return undefined;
  return { decisions: withdrawal(pod, job) };
}

/** Somebody edited the status, or the cache lags (then the write is refused): the finalizer tells the truth. */
export function readopt({ run, pod, observed }: Case): Verdict | undefined {
  if (pod?.held !== true) return undefined;
  return { decisions: [{ do: "record", run, status: status.admitted(run, pod, observed.nowMs) }] };
}

/** Nothing runs: it ends at once. */
export function endCancelled(one: Case): Verdict | undefined {
  if (!one.run.spec.cancel) return undefined;
  return endWaiting(one, { reason: "Cancelled", message: cancelMessage(one.run) });
}

/** The same for one whose client is gone. */
export function endClientLost(one: Case): Verdict | undefined {
  const message = one.observed.lostClients?.get(one.run.uid);
  return message === undefined ? undefined : endWaiting(one, { reason: "ClientLost", message });
}

/** The same for one whose place was taken. */
export function endReplaced(one: Case): Verdict | undefined {
  const by = replacedBy(one.run, one.replacers);
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
      each.uid !== run.uid && !isFinished(each) && (holdsSlot(each) || (!each.spec.suspend && isOlder(each, run))),
  );
  return other === undefined ? undefined : endWaiting(one, failure("AgentBusy", `Run ${other.name} is unfinished.`));
}

/** Whoever makes a run suspended, to make what it owns, lets it go in a moment: the write would only meet theirs. */
function waitSuspended(one: Case): Verdict | undefined {
  if (!one.run.spec.suspend) return undefined;
  const message = "spec.suspend is true: the run is admitted once it is false.";
  return wait(one, { reason: "Suspended", message, soft: true });
}

function waitPaused(one: Case): Verdict | undefined {
  if (one.observed.settings.admission) return undefined;
  return wait(one, { reason: "OperatorPaused", message: "Admission is paused in the operator's configuration." });
}

function waitBusy(one: Case): Verdict | undefined {
  const { run, holder, candidate, position, observed } = one;
  if (candidate === run) return undefined;
  const ahead = holder ?? candidate;
  // Far back in the queue the name of the holder is not worth a write to every run at each change.
  const isNear = position !== undefined && position <= shownPositions;
  const podUid = isNear ? holder?.status.pod?.uid : undefined;
  const unheard = observed.pods.find((each) => each.uid === podUid && each.unheardSinceMs !== undefined);
  if (unheard !== undefined) return wait(one, { reason: "PreviousPodNotConfirmed", message: notConfirmed(unheard) });
  const message = ahead === undefined || !isNear ? queuedReasons.AgentBusy : `Run ${ahead.name} comes first.`;
  return wait(one, { reason: "AgentBusy", message });
}

/** A quota may free up and a webhook come back: that may take as long as a start, and no longer, as others wait behind it. */
function failRefused(one: Case): Verdict | undefined {
  const refusal = refusalOf(one.run);
  if (refusal === undefined || one.pod !== undefined) return undefined;
  if (one.observed.nowMs < refusedUntilMs(one.run, refusal.sinceMs)) return undefined;
  return endWaiting(one, failure(refusal.reason, refusal.message));
}

/** The wait may be over in a moment. A gated pod that is there already (an answer was lost) stays for its turn. */
function waitLimited({ run, observed }: Case): Verdict | undefined {
  if (observed.limit === undefined) return undefined;
  const why = { reason: "ActiveRunsLimit", message: observed.limit, position: 1 } as const;
  return {
    decisions: [{ do: "record", run, status: status.queued(run, why, observed.nowMs), soft: true }],
    ...untilQueueDeadline(run),
  };
}

/** The Job of the attempt, whose pod is born gated. */
export function makeJob({ run, job, attempt, observed }: Case): Verdict | undefined {
  if (job !== undefined) return undefined;
  const isToldWhy = refusalOf(run) !== undefined;
  return {
    decisions: [{ do: "make", run, attempt }, ...(isToldWhy ? [] : admitting(run, observed))],
    ...untilDeadline(run),
  };
}

/** A user deleted the gated pod or the Job: nothing ran, so both are simply made again once the old ones are gone. */
export function remakeJob({ run, job, pod, observed }: Case): Verdict | undefined {
  if (job === undefined || (!job.finished && !job.deleting)) return undefined;
  const left = job.deleting ? [] : withdrawal(pod, job);
  return { decisions: [...left, ...admitting(run, observed)], ...untilDeadline(run) };
}

/** The gated pod was seen: act looks whether the slot is free. */
export function askForSlot({ run, pod, observed }: Case): Verdict | undefined {
  if (pod === undefined || !pod.gated || pod.deleting) return undefined;
  const next = status.admitted(run, pod, observed.nowMs);
  return { decisions: [{ do: "admit", run, pod, status: next }], ...untilDeadline(run) };
}

function awaitPod({ run, job, observed }: Case): Verdict {
  return { decisions: admitting(run, observed, job), ...untilDeadline(run) };
}

/** Passes in milliseconds as a rule: worth a write only if it lasts. */
function admitting(run: Run, observed: Observed, about?: Job): Decision[] {
  // It says that it is retried, and goes on saying so.
  if (isBetweenAttempts(run)) return [];
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

interface Why {
  readonly reason: Parameters<typeof status.queued>[1]["reason"];
  readonly message: string;
  /** It may pass in a moment. */
  readonly soft?: boolean;
}

function wait(one: Case, { soft, ...why }: Why): Verdict {
  const { run, pod, job, observed, position } = one;
  // Only its place is new, or who is before it: five such writes at every move of a queue would hold up the move itself.
  const isMove = condition(run.status.conditions, "Succeeded")?.reason === why.reason;
  const place = position === undefined ? {} : { position };
  const isFar = position !== undefined && position > shownPositions;
  const next = status.queued(run, { ...why, ...place }, observed.nowMs);
  return {
    decisions: [
      ...withdrawal(pod, job),
      {
        do: "record",
        run,
        status: next,
        ...(isMove || soft === true ? { soft: true } : {}),
        ...(isFar ? { paced: true } : {}),
      },
    ],
    ...untilQueueDeadline(run),
  };
}

function untilQueueDeadline(run: Run): { wakeAtMs?: number } {
  const seconds = run.spec.queueDeadlineSeconds;
  return seconds === undefined ? {} : { wakeAtMs: run.createdMs + seconds * 1000 };
}

/** The nearest deadline of the run that is next. */
function untilDeadline(run: Run): { wakeAtMs?: number } {
  if (isBetweenAttempts(run)) return { wakeAtMs: retryDeadlineMs(run) };
  const refusal = refusalOf(run);
  const queue = untilQueueDeadline(run);
  if (refusal === undefined) return queue;
  return { wakeAtMs: Math.min(refusedUntilMs(run, refusal.sinceMs), queue.wakeAtMs ?? Infinity) };
}

function refusedUntilMs(run: Run, sinceMs: number): number {
  return sinceMs + run.spec.startDeadlineSeconds * 1000;
}

/** The end of a run of which nothing runs: what was made for it is taken back first. */
export function endWaiting(
  { run, pod, job, observed }: Pick<Case, "run" | "pod" | "job" | "observed">,
  how: Outcome,
): Verdict {
  return {
    decisions: [...withdrawal(pod, job), { do: "record", run, status: finished(run, how, observed.nowMs) }],
  };
}

function withdrawal(pod: Pod | undefined, job: Job | undefined): Decision[] {
  if (pod === undefined && job === undefined) return [];
  if (job?.deleting === true && pod === undefined) return [];
  return [{ do: "withdraw", ...(pod === undefined ? {} : { pod }), ...(job === undefined ? {} : { job }) }];
}
