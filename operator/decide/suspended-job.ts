/** Jobs that Kueue, a webhook or a user suspended. Such a Job has no pod. */
import type { Job } from "../domain.ts";
import type { RunContext, RuleResult } from "./decision.ts";
import { endWaiting, untilDeadline, untilQueueDeadline } from "./end-waiting.ts";
import { failure } from "./outcome.ts";
import { overdueMs } from "./overdue.ts";
import * as status from "./status.ts";

/** The message of a run whose Job is suspended. */
function suspendedMessage(job: Job): string {
  const [field, resume] =
    job.suspended?.by === "parallelism"
      ? ["parallelism is 0", '{"spec":{"parallelism":1}}']
      : ["suspend is true", '{"spec":{"suspend":false}}'];
  return (
    `Job ${job.name} was suspended (its spec.${field}) by Kueue, a webhook or a user, not by the operator. The run continues ` +
    `once the Job is resumed: kubectl patch job ${job.name} --type=merge -p '${resume}'`
  );
}

/** Start of the suspension in milliseconds since the epoch: the Job controller's time, or the Job's creation. */
function suspendedSinceMs(job: Job): number {
  return job.suspended?.sinceMs ?? job.createdMs;
}

/** Fails the run at its start deadline, because other runs wait behind it. */
export function failSuspendedJob(ctx: RunContext): RuleResult | undefined {
  const job = suspendedJob(ctx);
  if (job === undefined || ctx.observed.nowMs < suspendedUntilMs(ctx, job)) return undefined;
  const seconds = ctx.run.spec.startDeadlineSeconds;
  return endWaiting(
    ctx,
    failure("JobSuspended", `Job ${job.name} was not resumed within startDeadlineSeconds (${seconds})`),
  );
}

/** Shows that the Job is suspended. An earlier rejection of a pod is not the cause any more. */
export function waitSuspendedJob(ctx: RunContext): RuleResult | undefined {
  const { run, observed } = ctx;
  const job = suspendedJob(ctx);
  if (job === undefined) return undefined;
  const why = { reason: "JobSuspended", message: suspendedMessage(job), position: 1 } as const;
  const requeueAtMs = Math.min(suspendedUntilMs(ctx, job), untilQueueDeadline(run).requeueAtMs ?? Infinity);
  return {
    decisions: [{ do: "updateStatus", run, status: status.queued(run, why, observed.nowMs), isDebounced: true }],
    requeueAtMs,
  };
}

/** The same between attempts: the run keeps its phase and the agent's slot, and the retry deadline applies. */
export function retrySuspendedJob(ctx: RunContext): RuleResult | undefined {
  const { run, observed } = ctx;
  const job = suspendedJob(ctx);
  if (job === undefined) return undefined;
  const next = status.blocked(run, { reason: "JobSuspended", message: suspendedMessage(job) }, observed.nowMs);
  return { decisions: [{ do: "updateStatus", run, status: next, isDebounced: true }], ...untilDeadline(ctx) };
}

/** The run's Job if it is suspended. */
export function suspendedJob({ job }: Pick<RunContext, "job">): Job | undefined {
  return job === undefined || job.suspended === undefined || job.isDeleting || job.isFinished ? undefined : job;
}

function suspendedUntilMs({ run, observed }: RunContext, job: Job): number {
  return overdueMs(suspendedSinceMs(job) + run.spec.startDeadlineSeconds * 1000, observed);
}
