/** One run of the host: a ClaudeRun, made, followed and mapped. */
import type { AdapterExecutionContext, AdapterExecutionResult } from "@paperclipai/adapter-utils";
import type { ClaudeRun } from "../crds/claude-run.ts";
import { AttemptLog } from "./attempt-logs.ts";
import { ApiError, words } from "./kubernetes/api-error.ts";
import type { Connection } from "./kubernetes/connection.ts";
import { connectionFor } from "./kubernetes/connections.ts";
import { holdLease, leaseName } from "./kubernetes/lease.ts";
import { cancelRun, createRun, createSecrets, deleteSecrets, ForeignRunError, releaseRun } from "./kubernetes/runs.ts";
import { RunWatch } from "./kubernetes/run-watch.ts";
import { sweepOnce } from "./kubernetes/sweep.ts";
import { tell, warn } from "./own-lines.ts";
import { Progress } from "./progress.ts";
import { acknowledged, failedBefore, mapResult } from "./result/map.ts";
import { outcomeOfDeleted, outcomeOfReport, outcomeOfRun, type Outcome } from "./result/outcome.ts";
import { Transcript } from "./result/transcript.ts";
import { agentName } from "./spec/names.ts";
import { planRun, type Plan } from "./spec/plan.ts";
import { readSettings, type Settings } from "./spec/settings.ts";
import { ConfigError } from "./spec/values.ts";
import { tellHost } from "./tell-host.ts";

/** The host gives a cancelled run 60 s to settle. */
const cancelDeadlineMs = 55_000;
/**
 * The host's word for a run that it holds no longer. So it says, too, in the seconds between its own SIGTERM and its end: a
 * server that is still there after this time has lost the run to something else, and the run must not go on.
 */
const lostWords = /controller lease lost/i;
const shutdownMs = 20_000;
/** A line for the host's watchdog of silent runs, which knows nothing of the cluster. */
const keepAliveMs = 15 * 60_000;

interface Made {
  readonly ctx: AdapterExecutionContext;
  readonly settings: Settings;
  readonly connection: Connection;
  readonly plan: Plan;
  readonly watch: RunWatch;
}

/** Runs the agent once. Never rejects for what a run can suffer: every failure is a result with a code. */
export async function execute(ctx: AdapterExecutionContext): Promise<AdapterExecutionResult> {
  try {
    const settings = readSettings(ctx.config);
    if (agentName(ctx.agent.id) === undefined) {
      return failedBefore(
        "k8s_agent_id_invalid",
        `the agent's id ${JSON.stringify(ctx.agent.id)} has no letter or digit`,
      );
    }
    const first = await attempt(ctx, settings, false);
    if (first.errorCode !== "session_unavailable" || !settings.freshSessionOnMissing || ctx.signal?.aborted === true)
      return first;
    await tell(ctx.onLog, "the session is not on the workspace: trying once more with a new one");
    return { ...(await attempt(ctx, settings, true)), clearSession: false };
  } catch (error) {
    if (error instanceof ConfigError) return failedBefore("configuration_incomplete", error.message);
    throw error;
  }
}

async function attempt(
  ctx: AdapterExecutionContext,
  settings: Settings,
  isFresh: boolean,
): Promise<AdapterExecutionResult> {
  const connection = connectionFor(settings.kubeconfig);
  const namespace = settings.namespace ?? connection.namespace ?? "default";
  const plan = await planRun({ ctx, settings, namespace, leaseName, isFresh });
  await ctx.onCancellationReady?.();
  if (ctx.signal?.aborted === true) return acknowledged(failedBefore("cancelled", "cancelled before it was started"));
  for (const note of plan.notes) await tell(ctx.onLog, note);
  await tellHost(ctx, plan, namespace);
  ctx.onDispatch?.();
  const made = await make({ ctx, settings, connection, plan, namespace });
  if (!("watch" in made)) return made;
  try {
    return await follow(made);
  } finally {
    await made.watch.stop();
  }
}

/** Creates run and Secrets and lets the run go; what fails is a result with a code. */
async function make(
  input: Omit<Made, "watch"> & { readonly namespace: string },
): Promise<Made | AdapterExecutionResult> {
  const { connection, plan, namespace, ctx } = input;
  let run: ClaudeRun;
  try {
    await holdLease(connection, namespace);
    sweepOnce(connection, namespace);
    run = await createRun(connection, plan.run);
  } catch (error) {
    if (error instanceof ForeignRunError) return failedBefore("k8s_job_create_failed", error.message);
    if (!(error instanceof ApiError)) throw error;
    const code = error.isTransient || error.code === 401 || error.code === 403 || error.code === 404;
    return failedBefore(code ? "k8s_concurrency_guard_unreachable" : "k8s_job_create_failed", error.message);
  }
  try {
    // One that was taken over and let go has its Secrets.
    if (run.spec.suspend) {
      await createSecrets(connection, run, plan.secrets);
      await releaseRun(connection, run);
    }
  } catch (error) {
    await cancelRun(connection, run, `its Secret could not be made: ${words(error)}`).catch(() => undefined);
    return failedBefore("k8s_prompt_secret_create_failed", words(error));
  }
  await tell(ctx.onLog, `created ClaudeRun ${namespace}/${plan.name}`);
  const watch = new RunWatch(connection, run);
  watch.start();
  return { ctx, settings: input.settings, connection, plan, watch };
}

async function follow(made: Made): Promise<AdapterExecutionResult> {
  const { ctx, settings, plan } = made;
  const transcript = new Transcript();
  const over = new AbortController();
  const cancelling = cancelOnAbort(made, over);
  const sayings = sayProgress(made);
  const keepAlive = setInterval(
    () => void tell(ctx.onLog, `${plan.name} is still at work`).catch(() => undefined),
    keepAliveMs,
  );
  try {
    const outcome = await outcomeOf(made, transcript, over.signal);
    if (outcome === undefined) return notSettled(made, transcript);
    void cleanUp(made);
    if (ctx.signal?.aborted !== true) tellIfStatusDiffers(made, outcome);
    const result = mapResult({
      outcome,
      transcript,
      plan: { ...plan, model: settings.model },
      timeoutSec: settings.timeoutSec,
    });
    // Deleted, nobody can tell whether its pod has ended.
    return ctx.signal?.aborted === true && !made.watch.isGone ? acknowledged(result) : result;
  } finally {
    clearInterval(keepAlive);
    sayings();
    cancelling();
    over.abort();
  }
}

/** Follows attempt after attempt until one has the last word; undefined if the host's patience with a cancel is over. */
async function outcomeOf(
  { ctx, connection, watch }: Made,
  transcript: Transcript,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const followed = new Set<string>();
  const sink = { onLog: ctx.onLog, transcript };
  for (;;) {
    const next = (): string | undefined => podToFollow(watch.run, followed);
    const isFinished = (): boolean => watch.isGone || outcomeOfRun(watch.run) !== undefined;
    await watch.until(() => next() !== undefined || isFinished(), signal);
    if (signal.aborted) return undefined;
    const pod = next();
    if (pod === undefined) return watch.isGone ? outcomeOfDeleted(watch.run) : outcomeOfRun(watch.run);
    followed.add(pod);
    const report = await new AttemptLog({ connection, watch, sink, pod }).follow(signal);
    const outcome = report === undefined ? undefined : outcomeOfReport(report);
    // Cancelled, the run's word counts: only when it has finished is nothing of it left.
    if (outcome !== undefined && ctx.signal?.aborted !== true) return outcome;
  }
}

/** A pod whose container runs or ran, and whose log nobody has read yet. */
function podToFollow({ status }: ClaudeRun, followed: ReadonlySet<string>): string | undefined {
  const pod = status?.pod;
  if (pod === undefined || followed.has(pod.name)) return undefined;
  return status?.phase === "Running" || status?.startTime !== undefined ? pod.name : undefined;
}

/** The host's cancel becomes spec.cancel; if that has not ended the run in time, `over` ends the waiting. */
function cancelOnAbort({ ctx, connection, watch }: Made, over: AbortController): () => void {
  const timers: NodeJS.Timeout[] = [];
  const cancel = (): void => {
    const why = words(ctx.signal?.reason ?? "without a reason");
    const ask = (): void => {
      timers.push(setTimeout(() => over.abort(), cancelDeadlineMs));
      cancelRun(connection, watch.run, `cancelled in Paperclip: ${why}`).catch((error: unknown) =>
        warn(ctx.onLog, `the run could not be cancelled: ${words(error)}`).catch(() => undefined),
      );
    };
    if (lostWords.test(why)) timers.push(setTimeout(ask, shutdownMs));
    else ask();
  };
  ctx.signal?.addEventListener("abort", cancel, { once: true });
  if (ctx.signal?.aborted === true) cancel();
  return () => {
    for (const timer of timers) clearTimeout(timer);
    ctx.signal?.removeEventListener("abort", cancel);
  };
}

function sayProgress({ ctx, watch }: Made): () => void {
  const progress = new Progress();
  return watch.onChange(() => {
    const news = progress.news(watch.run);
    // A host that can't take a line must not end the run.
    if (news !== undefined) tell(ctx.onLog, news).catch(() => undefined);
  });
}

/** The runner's word was taken before the status; if the status says something else, it is the truth. */
function tellIfStatusDiffers({ watch, ctx }: Made, outcome: Outcome): void {
  const status = outcomeOfRun(watch.run);
  if (status === undefined || status.reason === outcome.reason) return;
  void warn(ctx.onLog, `the ClaudeRun says ${status.reason}: ${status.message}`).catch(() => undefined);
}

/** The Secrets go as soon as nothing of the run can need them: with its end. */
async function cleanUp({ connection, plan, watch }: Made): Promise<void> {
  await deleteSecrets(
    connection,
    watch.run,
    plan.secrets.map(({ name }) => name),
  ).catch(() => undefined);
}

function notSettled(made: Made, transcript: Transcript): AdapterExecutionResult {
  const { name } = made.plan;
  const outcome: Outcome = {
    kind: "Cancelled",
    reason: "Cancelled",
    message: `${name} was told to stop and has not ended within ${cancelDeadlineMs / 1_000} s: kubectl get clauderun ${name}`,
    result: {},
  };
  return mapResult({ outcome, transcript, plan: made.plan, timeoutSec: made.settings.timeoutSec });
}
