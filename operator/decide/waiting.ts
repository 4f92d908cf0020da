/** The rules of a waiting run, from its creation until its pod asks for the slot. */
import { queuedReasons } from "../../crds/reasons.ts";
import { isBetweenAttempts, type Job, type Observed, type Run } from "../domain.ts";
import { condition } from "./conditions.ts";
import type { RunContext, Decision, Rule, RuleResult } from "./decision.ts";
import { endWaiting, rejectedUntilMs, untilDeadline, untilQueueDeadline, deletionOf } from "./end-waiting.ts";
import { cancelMessage, failure } from "./outcome.ts";
import { rejectionOf } from "./rejection.ts";
import { isOlder, replacedBy, replacedStop } from "./replace.ts";
import { notConfirmed } from "./slot.ts";
import { failSuspendedJob, waitSuspendedJob } from "./suspended-job.ts";
import * as status from "./status.ts";

/** In order of precedence; the last one always applies. */
export const waitingRules: readonly Rule[] = [
  ["a run that is being deleted creates nothing", leaveDeleted],
  ["a run whose pod was ungated is no waiting run, whatever its status says", adopt],
  ["a waiting run that is cancelled ends", endCancelled],
  ["a waiting run whose client is lost ends", endClientLost],
  ["a waiting run that was replaced ends", endReplaced],
  ["a waiting run past its queue deadline fails", failQueueDeadline],
  ["a Forbid run fails while the agent is busy", failForbidden],
  ["a suspended run waits", waitSuspended],
  ["no run is admitted while admission is paused", waitPaused],
  ["a run that is not next waits", waitBusy],
  ["the next run whose Job was suspended for too long fails", failSuspendedJob],
  ["the next run whose Job is suspended waits for it", waitSuspendedJob],
  ["the next run whose pod was rejected for too long fails", failRejected],
  ["the next run waits for the active-run limit", waitLimited],
  ["the next run's Job is created", createJob],
  ["the next run's dead Job is created again", recreateJob],
  ["the next run asks for the slot", askForSlot],
  ["the next run waits for its pod", awaitPod],
];

/** Every move of the queue changes every position; only the first ones are written at once. */
const shownPositions = 5;
/** A position beyond this is written with the first status, and not again until the run is within it. */
export const promptPositions = 1_000;

/** Deletes the unstarted pod and the Job of a run that is being deleted. */
export function leaveDeleted({ run, pod, job }: RunContext): RuleResult | undefined {
  if (!run.isDeleting) return undefined;
  return { decisions: deletionOf(pod, job) };
}

/**
 * The finalizer proves that the pod was admitted: a user edited the status, or the cache lags and the write
 * conflicts.
 */
export function adopt({ run, pod, observed }: RunContext): RuleResult | undefined {
  if (pod?.hasFinalizer !== true) return undefined;
  return { decisions: [{ do: "updateStatus", run, status: status.admitted(run, pod, observed.nowMs) }] };
}

/** A waiting run that is cancelled ends at once. */
export function endCancelled(ctx: RunContext): RuleResult | undefined {
  if (!ctx.run.spec.cancel) return undefined;
  return endWaiting(ctx, { reason: "Cancelled", message: cancelMessage(ctx.run) });
}

/** The same for a run whose client is lost. */
export function endClientLost(ctx: RunContext): RuleResult | undefined {
  const message = ctx.observed.lostClients?.get(ctx.run.uid);
  return message === undefined ? undefined : endWaiting(ctx, { reason: "ClientLost", message });
}

/** The same for a run that was replaced. */
export function endReplaced(ctx: RunContext): RuleResult | undefined {
  const by = replacedBy(ctx.run, ctx.replacers);
  return by === undefined ? undefined : endWaiting(ctx, replacedStop(by));
}

function failQueueDeadline(ctx: RunContext): RuleResult | undefined {
  const seconds = ctx.run.spec.queueDeadlineSeconds;
  if (seconds === undefined || ctx.observed.nowMs < ctx.run.createdMs + seconds * 1000) return undefined;
  return endWaiting(ctx, failure("QueueDeadlineExceeded", `It waited ${seconds} s.`));
}

function failForbidden(ctx: RunContext): RuleResult | undefined {
  const { run, holder, oldest } = ctx;
  if (run.spec.concurrencyPolicy !== "Forbid") return undefined;
  const isAfter = oldest !== undefined && isOlder(oldest, run);
  const other = holder ?? (isAfter ? oldest : undefined);
  return other === undefined ? undefined : endWaiting(ctx, failure("AgentBusy", `Run ${other.name} is unfinished.`));
}

/** Debounced, because clients that create a run suspended resume it at once: the write would conflict with theirs. */
function waitSuspended(ctx: RunContext): RuleResult | undefined {
  if (!ctx.run.spec.suspend) return undefined;
  const message = "spec.suspend is true: set it to false to admit the run.";
  return wait(ctx, { reason: "Suspended", message, isDebounced: true });
}

function waitPaused(ctx: RunContext): RuleResult | undefined {
  if (ctx.observed.settings.admission) return undefined;
  return wait(ctx, { reason: "OperatorPaused", message: "Admission is paused in the operator's configuration." });
}

function waitBusy(ctx: RunContext): RuleResult | undefined {
  const { run, holder, candidate, position, observed } = ctx;
  if (candidate === run) return undefined;
  const ahead = holder ?? candidate;
  // Far back in the queue the holder's name is left out, so that a new holder costs no write to every run.
  const isNear = position !== undefined && position <= shownPositions;
  const podUid = isNear ? holder?.status.pod?.uid : undefined;
  const open = (podUid === undefined ? [] : observed.pods).find(
    (each) => each.uid === podUid && (each.nodeUnreachableSinceMs !== undefined || each.openContainers !== undefined),
  );
  if (open !== undefined) return wait(ctx, { reason: "PreviousPodNotConfirmed", message: notConfirmed(open) });
  const message = ahead === undefined || !isNear ? queuedReasons.AgentBusy : `Run ${ahead.name} comes first.`;
  return wait(ctx, { reason: "AgentBusy", message });
}

/**
 * A rejection may be temporary. The run waits until its start deadline, but no longer, because others wait behind it.
 */
function failRejected(ctx: RunContext): RuleResult | undefined {
  const rejection = rejectionOf(ctx.run);
  if (rejection === undefined || ctx.pod !== undefined) return undefined;
  if (ctx.observed.nowMs < rejectedUntilMs(ctx, rejection.sinceMs)) return undefined;
  return endWaiting(ctx, failure(rejection.reason, rejection.message));
}

/** Debounced, because the wait may be short. An existing gated pod, after a lost answer, is kept. */
function waitLimited({ run, observed }: RunContext): RuleResult | undefined {
  if (observed.limit === undefined) return undefined;
  const why = { reason: "ActiveRunsLimit", message: observed.limit, position: 1 } as const;
  return {
    decisions: [{ do: "updateStatus", run, status: status.queued(run, why, observed.nowMs), isDebounced: true }],
    ...untilQueueDeadline(run),
  };
}

/** Creates the Job of the attempt, whose pod starts gated. */
export function createJob({ run, job, attempt, observed }: RunContext): RuleResult | undefined {
  if (job !== undefined) return undefined;
  const hasRejection = rejectionOf(run) !== undefined;
  return {
    decisions: [{ do: "createJob", run, attempt }, ...(hasRejection ? [] : admitting(run, observed))],
    ...untilDeadline({ run, observed }),
  };
}

/** A user deleted the gated pod or the Job. Nothing ran, so both are created again once the old ones are deleted. */
export function recreateJob({ run, job, pod, observed }: RunContext): RuleResult | undefined {
  if (job === undefined || (!job.isFinished && !job.isDeleting)) return undefined;
  const deletion = job.isDeleting ? [] : deletionOf(pod, job);
  return { decisions: [...deletion, ...admitting(run, observed)], ...untilDeadline({ run, observed }) };
}

/** The watch shows the gated pod, so `act` can list the agent's pods. */
export function askForSlot({ run, pod, observed }: RunContext): RuleResult | undefined {
  if (pod === undefined || !pod.isGated || pod.isDeleting) return undefined;
  const next = status.admitted(run, pod, observed.nowMs);
  return { decisions: [{ do: "admit", run, pod, status: next }], ...untilDeadline({ run, observed }) };
}

function awaitPod({ run, job, observed }: RunContext): RuleResult {
  return { decisions: admitting(run, observed, job), ...untilDeadline({ run, observed }) };
}

/** The status of the candidate, debounced because it usually lasts milliseconds. */
function admitting(run: Run, observed: Observed, explainFrom?: Job): Decision[] {
  // Keep the "Retrying" reason.
  if (isBetweenAttempts(run)) return [];
  const why = { reason: "Admitting", message: "Next in the queue: its pod is being created." } as const;
  return [
    {
      do: "updateStatus",
      run,
      status: status.queued(run, why, observed.nowMs),
      isDebounced: true,
      ...(explainFrom === undefined ? {} : { explainFrom }),
    },
  ];
}

interface Why {
  readonly reason: Parameters<typeof status.queued>[1]["reason"];
  readonly message: string;
  /** The state may last only a moment. */
  readonly isDebounced?: boolean;
}

function wait(ctx: RunContext, { isDebounced, ...why }: Why): RuleResult {
  const { run, pod, job, observed, position } = ctx;
  // Only the position or the run before it is new. Five such writes at every move would delay the move itself.
  const isMove = condition(run.status.conditions, "Succeeded")?.reason === why.reason;
  const queuePosition = position === undefined ? {} : { position };
  const isFar = position !== undefined && position > shownPositions;
  const isWritten = position === undefined ? run.status.queuePosition === undefined : position > promptPositions;
  if (isWritten && status.isQueuedFor(run, why)) return { decisions: deletionOf(pod, job), ...untilQueueDeadline(run) };
  const next = status.queued(run, { ...why, ...queuePosition }, observed.nowMs);
  return {
    decisions: [
      ...deletionOf(pod, job),
      {
        do: "updateStatus",
        run,
        status: next,
        ...(isMove || isDebounced === true ? { isDebounced: true } : {}),
        ...(isFar ? { isRateLimited: true } : {}),
      },
    ],
    ...untilQueueDeadline(run),
  };
}
