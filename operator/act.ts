/**
 * Executes decisions, in an order that survives a crash between any two writes. Pure functions of decide/ turn an
 * unexpected answer into more decisions, which are executed next. Apart from this file, only status-writer.ts and
 * explain.ts write.
 */
import type { Cluster } from "./cluster.ts";
import { afterInvalidSpec, afterJobRejection, afterUngateRejection } from "./decide/after-rejection.ts";
import { afterOutdatedPod, afterSlotList, afterUnlistablePods } from "./decide/after-slot-list.ts";
import type { Decision } from "./decide/decision.ts";
import type { FollowUp } from "./decide/follow-up.ts";
import { configMapLost } from "./decide/missing-config-map.ts";
import { isTerminal, type Job, type Observed, type Pod } from "./domain.ts";
import {
  AnswerTooLargeError,
  ConflictError,
  InvalidSpecError,
  NamespaceTerminatingError,
  OutdatedPodError,
  RejectedError,
} from "./errors.ts";
import type { EventBudget } from "./event-budget.ts";
import { explainWait } from "./explain.ts";
import type { Log } from "./log.ts";
import type { StatusWriter } from "./status-writer.ts";

/** Dependencies of `act`. */
export interface ActDeps {
  readonly cluster: Cluster;
  readonly statusWriter: StatusWriter;
  readonly log: Pick<Log, "info" | "error">;
  /** Limits how often Events are listed; absent: no limit. */
  readonly events?: EventBudget;
}

type DecisionOf<Verb extends Decision["do"]> = Extract<Decision, { do: Verb }>;
type RequeueAfterMs = number | undefined;

/** Within this time a watch shows the state of the API server. */
const cacheLagMs = 1_000;

/** Time to the next try in a namespace that is being deleted. */
const terminatingMs = 10_000;

/** Executes one decision. Returns the milliseconds until the next reconcile, if they are known. */
export async function act(decision: Decision, observed: Observed, deps: ActDeps): Promise<RequeueAfterMs> {
  const { cluster } = deps;
  switch (decision.do) {
    case "createJob":
      return createJob(decision, observed, deps);
    case "admit":
      return follow(await admit(decision, observed, deps), observed, deps);
    case "ungate":
      await ungate(decision, observed, deps);
      return undefined;
    case "stop":
      await cluster.stop(decision.pod, decision.stop);
      return undefined;
    case "deleteUnstarted":
      await deleteUnstarted(decision, cluster);
      return undefined;
    case "updateStatus":
      return updateStatus(decision, observed, deps);
    case "updateStatusAfterPodLoss":
      return updateStatusAfterPodLoss(decision, observed, deps);
    case "removeFinalizer":
      await cluster.removeFinalizer(decision.pod);
      return undefined;
    case "endSidecars":
      await cluster.endSidecars(decision.pod);
      return undefined;
    case "collectGarbage":
      await collectGarbage(decision, cluster);
      return undefined;
    case "restoreLabels":
      await cluster.restoreLabels(decision.pod);
      return 0;
    case "markLogsUnavailable":
      return deps.statusWriter.markLogsUnavailable(decision.run, observed.nowMs);
    case "deleteRun":
      await cluster.delete(decision.run);
      return undefined;
    default:
      return decision satisfies never;
  }
}

async function follow(
  { decisions, conflict, requeueAfterMs }: FollowUp,
  observed: Observed,
  deps: ActDeps,
): Promise<RequeueAfterMs> {
  let soonestMs = requeueAfterMs;
  for (const decision of decisions) {
    const delayMs = await act(decision, observed, deps);
    soonestMs ??= delayMs;
  }
  if (conflict !== undefined) throw new ConflictError(`${conflict}: reconcile again`);
  return soonestMs;
}

/**
 * A permanent rejection fails the run. A temporary one (quota, missing permission) is shown in its status and
 * retried.
 */
async function createJob(
  { run, attempt }: DecisionOf<"createJob">,
  observed: Observed,
  deps: ActDeps,
): Promise<RequeueAfterMs> {
  try {
    await deps.cluster.createJob(run, attempt);
    return undefined;
  } catch (error) {
    // The run is deleted with its namespace: errors would only fill the log.
    if (error instanceof NamespaceTerminatingError) return terminatingMs;
    if (error instanceof InvalidSpecError)
      return act(afterInvalidSpec(run, error.message, observed.nowMs), observed, deps);
    if (!(error instanceof RejectedError)) throw error;
    const { code, serverMessage: message } = error;
    const { decisions, isFinal, requeueAfterMs } = afterJobRejection(run, { message, code }, observed.nowMs);
    await follow({ decisions }, observed, deps);
    if (!isFinal && requeueAfterMs === undefined) throw error;
    return requeueAfterMs;
  }
}

/**
 * Step 2 of the proof of invariant 1 (docs/decisions.md). In step 1 the watch showed the gated pod; the decisions that
 * follow from the list are steps 3 and 4.
 */
async function admit(decision: DecisionOf<"admit">, observed: Observed, { cluster, log }: ActDeps): Promise<FollowUp> {
  const { run, pod } = decision;
  try {
    // Most lists find the slot free, so the pod's ConfigMaps are created in parallel; `ungate` waits for them.
    const [listed] = await Promise.all([cluster.listActivePods(pod), cluster.prepareConfigMaps(pod)]);
    return afterSlotList(decision, listed, observed);
  } catch (error) {
    if (error instanceof OutdatedPodError) return afterOutdatedPod(pod, observed);
    if (!(error instanceof AnswerTooLargeError)) throw error;
    log.error({ namespace: run.namespace, run: run.name, err: error }, "failed to list the agent's pods");
    return afterUnlistablePods(decision, error.message, observed.nowMs);
  }
}

/** A rejection is shown in the status of a run that names the pod already; the start deadline ends such a run. */
async function ungate({ run, pod }: DecisionOf<"ungate">, observed: Observed, deps: ActDeps): Promise<void> {
  try {
    await deps.cluster.ungate(pod);
  } catch (error) {
    // An attempt has one pod, which cannot be created a second time.
    if (error instanceof OutdatedPodError) return deps.cluster.stop(pod, configMapLost(pod, "run"));
    if (error instanceof RejectedError && run !== undefined)
      await act(afterUngateRejection(run, error.serverMessage, observed.nowMs), observed, deps);
    throw error;
  }
}

/** Deletes the pod first, and only unchanged: if another replica has just ungated it, its Job must stay too. */
async function deleteUnstarted({ pod, job }: DecisionOf<"deleteUnstarted">, cluster: Cluster): Promise<void> {
  if (pod !== undefined) await cluster.delete(pod, { ifUnchanged: true });
  if (job !== undefined) await cluster.delete(job, { ifUnchanged: pod === undefined });
}

async function updateStatus(
  decision: DecisionOf<"updateStatus">,
  observed: Observed,
  deps: ActDeps,
): Promise<RequeueAfterMs> {
  const { run, explainFrom } = decision;
  const { statusWriter } = deps;
  const delayMs = statusWriter.reserve(decision, observed.nowMs);
  if (delayMs === "unchanged") return undefined;
  if (delayMs > 0) return delayMs;
  await ensureJobExists(decision.requiresJob, deps.cluster);
  if (explainFrom === undefined) {
    await statusWriter.write(run, decision.status);
    statusWriter.forget(run);
    return undefined;
  }
  const explained = await explainWait(decision, explainFrom, { observed, ...deps });
  if (explained !== undefined) await statusWriter.write(run, explained.status);
  return explained?.requeueAfterMs;
}

async function ensureJobExists(job: Job | undefined, cluster: Cluster): Promise<void> {
  if (job === undefined || (await cluster.confirmExists("job", job))) return;
  throw new ConflictError(`Job ${job.name} was deleted, but the cache still shows it: reconcile again`);
}

async function updateStatusAfterPodLoss(
  decision: DecisionOf<"updateStatusAfterPodLoss">,
  observed: Observed,
  deps: ActDeps,
): Promise<RequeueAfterMs> {
  const { run, podName: name, podUid: uid, status, requiresJob } = decision;
  // Another replica may have admitted a pod that this cache does not show yet.
  if (await deps.cluster.restoreAdmittedPod(run, { name, uid })) return cacheLagMs;
  const requires = requiresJob === undefined ? {} : { requiresJob };
  return updateStatus({ do: "updateStatus", run, status, ...requires }, observed, deps);
}

async function collectGarbage({ run, pod, job }: DecisionOf<"collectGarbage">, cluster: Cluster): Promise<void> {
  const garbage: Pod | Job | undefined = pod ?? job;
  if (garbage === undefined) return;
  const owner = { namespace: garbage.namespace, name: garbage.runName, uid: garbage.runUid };
  // The cache may not show a new run yet.
  if (run === undefined && owner.uid !== "" && (await cluster.confirmExists("run", owner))) return;
  if (pod?.hasFinalizer === true && isTerminal(pod)) await cluster.removeFinalizer(pod);
  else await cluster.delete(garbage, { ifUnchanged: true });
}
