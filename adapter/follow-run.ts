/** Follows a created run: sends its states and log to the host, and returns the host's result. */
import type { AdapterExecutionContext, AdapterExecutionResult } from "@paperclipai/adapter-utils";
import { AttemptLog } from "../client/attempt-log.ts";
import type { HostLog } from "./host-log.ts";
import { errorMessage } from "../kube/api-error.ts";
import type { Connection } from "../kube/connection.ts";
import { podToFollow } from "../client/run-facts.ts";
import type { RunWatch } from "../client/run-watch.ts";
import { cancelRun } from "../client/runs.ts";
import { ProgressReporter } from "../client/progress.ts";
import { acknowledgeCancel, mapResult } from "./result/map-result.ts";
import { outcomeOfDeleted, outcomeOfReport, outcomeOfRun, type Outcome } from "./result/outcome.ts";
import { Transcript } from "../client/transcript.ts";
import type { Plan } from "./spec/plan.ts";
import type { Settings } from "./spec/settings.ts";

/** The host waits 60 s for a cancelled run. */
export const cancelDeadlineMs = 55_000;
/**
 * The host's reason for a run that it no longer owns, and also while it shuts down. If the process still
 * exists after `shutdownMs`, it did lose the run, which must be cancelled.
 */
const leaseLostPattern = /controller lease lost/i;
const shutdownMs = 20_000;
/** Interval of a line for the host's watchdog of silent runs, which does not see the cluster. */
const keepAliveMs = 15 * 60_000;

export interface Following {
  readonly ctx: AdapterExecutionContext;
  readonly log: HostLog;
  readonly settings: Settings;
  readonly connection: Connection;
  readonly plan: Plan;
  readonly watch: RunWatch;
  /** Maximum time from a cancel to the end of the run. */
  readonly cancelDeadlineMs: number;
}

/** The host's result, and whether the run has finished. */
export interface FollowResult {
  readonly result: AdapterExecutionResult;
  readonly isFinished: boolean;
}

/** Resolves once the run has finished, or `cancelDeadlineMs` after a cancel. */
export async function followRun(following: Following): Promise<FollowResult> {
  const { ctx, log, plan, watch } = following;
  const transcript = new Transcript();
  const abort = new AbortController();
  const stopCancelling = cancelOnAbort(following, abort);
  const stopProgress = logProgress(following);
  const keepAlive = setInterval(() => log.info(`${plan.name} is still active`), keepAliveMs);
  try {
    const outcome = await outcomeOf(following, transcript, abort.signal);
    if (outcome === undefined) return { result: cancelTimedOut(following, transcript), isFinished: false };
    if (ctx.signal?.aborted !== true) warnIfStatusDiffers(following, outcome);
    const result = resultOf(following, outcome, transcript);
    // If the run was deleted, it is unknown whether its pod has stopped.
    const isAcknowledged = ctx.signal?.aborted === true && !watch.isDeleted;
    return { result: isAcknowledged ? acknowledgeCancel(result) : result, isFinished: true };
  } finally {
    clearInterval(keepAlive);
    stopProgress();
    stopCancelling();
    abort.abort();
  }
}

/** Follows the attempts until one has a final outcome. Returns undefined if a cancel exceeds its deadline. */
async function outcomeOf(
  { ctx, connection, watch, log }: Following,
  transcript: Transcript,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const followed = new Set<string>();
  const sink = {
    onLog: (stream: "stdout" | "stderr", chunk: string) => log.write(stream, chunk),
    onWarning: (message: string) => log.warn(message),
    transcript,
  };
  for (;;) {
    const next = (): string | undefined => podToFollow(watch.run, followed);
    const isFinished = (): boolean => watch.isDeleted || outcomeOfRun(watch.run) !== undefined;
    await watch.until(() => next() !== undefined || isFinished(), signal);
    if (signal.aborted) return undefined;
    const pod = next();
    if (pod === undefined) return watch.isDeleted ? outcomeOfDeleted(watch.run) : outcomeOfRun(watch.run);
    followed.add(pod);
    const attempt = new AttemptLog({ connection, watch, sink, pod });
    const report = await attempt.follow(signal).catch((error: unknown) => {
      log.warn(`cannot read the log of ${pod} further (${errorMessage(error)}); using the run's status`);
      return undefined;
    });
    const outcome = report === undefined ? undefined : outcomeOfReport(report);
    // After a cancel only the status counts: the pod has stopped once the run has finished.
    if (outcome !== undefined && ctx.signal?.aborted !== true) return outcome;
  }
}

function resultOf({ plan, settings }: Following, outcome: Outcome, transcript: Transcript): AdapterExecutionResult {
  const { timeoutSec, model } = settings;
  return mapResult({ outcome, transcript, plan: { ...plan, model }, timeoutSec });
}

/** Turns the host's cancel into spec.cancel. Aborts `over` if the run has not finished in time. */
function cancelOnAbort(
  { ctx, connection, watch, log, cancelDeadlineMs: deadlineMs }: Following,
  over: AbortController,
): () => void {
  const timers: NodeJS.Timeout[] = [];
  const expire = (): void => {
    over.abort();
    log.stop();
  };
  const cancel = (): void => {
    const why = errorMessage(ctx.signal?.reason ?? "without a reason");
    const requestCancel = (): void => {
      timers.push(setTimeout(expire, deadlineMs));
      cancelRun(connection, watch.run.metadata, `cancelled in Paperclip: ${why}`).catch((error: unknown) =>
        log.warn(`cannot cancel the run: ${errorMessage(error)}`),
      );
    };
    if (leaseLostPattern.test(why)) timers.push(setTimeout(requestCancel, shutdownMs));
    else requestCancel();
  };
  ctx.signal?.addEventListener("abort", cancel, { once: true });
  if (ctx.signal?.aborted === true) cancel();
  return () => {
    for (const timer of timers) clearTimeout(timer);
    ctx.signal?.removeEventListener("abort", cancel);
  };
}

function logProgress({ watch, log }: Following): () => void {
  const progress = new ProgressReporter();
  return watch.onChange(() => {
    const message = progress.update(watch.run);
    if (message !== undefined) log.info(message);
    if (watch.isDeleted || watch.run.status?.completionTime !== undefined) log.abandonSlowHost();
  });
}

/** The runner's report came before the status. Warns if the status differs, because the status is authoritative. */
function warnIfStatusDiffers({ watch, log }: Following, outcome: Outcome): void {
  const status = outcomeOfRun(watch.run);
  if (status === undefined || status.reason === outcome.reason) return;
  log.warn(`the ClaudeRun's status differs: ${status.reason}: ${status.message}`);
}

function cancelTimedOut(following: Following, transcript: Transcript): AdapterExecutionResult {
  const { name } = following.plan;
  const outcome: Outcome = {
    kind: "Cancelled",
    reason: "Cancelled",
    message: `${name} was cancelled but has not finished within ${following.cancelDeadlineMs / 1_000} s; check: kubectl get clauderun ${name}`,
    result: {},
  };
  return resultOf(following, outcome, transcript);
}
