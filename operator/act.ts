/** Carries decisions out. Every write the operator makes is on these lines, in the order that survives a crash between any two. */
import { isDeepStrictEqual } from "node:util";
import type { ClaudeRunStatus } from "../crds/claude-run.ts";
import type { Cluster } from "./cluster.ts";
import { afterRefusal, retryDelayMs } from "./decide/after-refusal.ts";
import { announcementOf, stateOf } from "./decide/announcement.ts";
import { condition } from "./decide/conditions.ts";
import type { Decision } from "./decide/decision.ts";
import { bare, finished, isEnd } from "./decide/ended-status.ts";
import { failure } from "./decide/outcome.ts";
import { readRefusal, refusalOf } from "./decide/refusal.ts";
import { judgeSlot, notConfirmed } from "./decide/slot.ts";
import { without } from "./decide/stamp.ts";
import * as status from "./decide/status.ts";
import { hasEnded, isBetweenAttempts, type Job, type Observed, type Pod, type Run } from "./domain.ts";
import { ConflictError, InvalidSpecError, NamespaceTerminatingError, RefusedError } from "./errors.ts";
import type { Log } from "./log.ts";
import type { Pace } from "./pace.ts";
import type { Patience } from "./patience.ts";

/** What act needs beside the decision. */
export interface Hands {
  readonly cluster: Cluster;
  readonly patience: Patience;
  readonly pace: Pace;
  readonly log: Pick<Log, "info" | "error">;
  /** Told of each run's end once it is written. */
  readonly onFinished?: (run: Run, status: ClaudeRunStatus) => void;
}

/** Events are asked for again while something waits that only they explain, ever more seldom: the API server reads them from etcd. */
const soonestLookMs = 5_000;
const latestLookMs = 30_000;

/** Within this a watch shows what the API server has. */
const cacheLagMs = 1_000;

/** How long a namespace that is being deleted is left alone. */
const terminatingMs = 10_000;

/** Does one thing; returns in how many milliseconds to look again, if that is known. */
export async function act(decision: Decision, observed: Observed, hands: Hands): Promise<number | undefined> {
  const { cluster } = hands;
  switch (decision.do) {
    case "make":
      return make(decision, observed, hands);
    case "admit":
      return admit(decision, observed, hands);
    case "letGo":
      await letGo(decision, observed, hands);
      return undefined;
    case "stop":
      await cluster.change(decision.pod, decision.stop);
      return undefined;
    case "withdraw":
      await withdraw(decision, cluster);
      return undefined;
    case "record":
      return record(decision, observed, hands);
    case "recordLost":
      return recordLost(decision, observed, hands);
    case "release":
      await cluster.change(decision.pod, "release");
      return undefined;
    case "sweep":
      await sweep(decision, cluster);
      return undefined;
    case "markLogsGone":
      return markLogsGone(decision, observed, hands);
    case "removeRun":
      await cluster.remove(decision.run);
      return undefined;
    default:
      return decision satisfies never;
  }
}

type Doing<Word extends Decision["do"]> = Extract<Decision, { do: Word }>;

/** What cannot be made for good ends the run; what may pass (a quota, our own rights) is told, and tried again. */
async function make({ run, attempt }: Doing<"make">, observed: Observed, hands: Hands): Promise<number | undefined> {
  try {
    await hands.cluster.make(run, attempt);
    return undefined;
  } catch (error) {
    // The run goes with its namespace: asking again and again would only fill the log.
    if (error instanceof NamespaceTerminatingError) return terminatingMs;
    if (error instanceof InvalidSpecError) {
      await write(run, finished(run, failure("InvalidSpec", error.message), observed.nowMs), hands);
      return undefined;
    }
    if (!(error instanceof RefusedError)) throw error;
    const refusal = readRefusal(error.said, { isFinal: error.code === 400 || error.code === 422 });
    await record(afterRefusal(run, refusal, observed.nowMs), observed, hands);
    if (refusal.isFinal) return undefined;
    const told = refusalOf(run);
    if (told === undefined) throw error;
    return retryDelayMs(observed.nowMs - told.sinceMs);
  }
}

/** Raise the flag (the gated pod, seen), look, compare-and-swap, let go. */
async function admit(decision: Doing<"admit">, observed: Observed, hands: Hands): Promise<number | undefined> {
  const { run, pod } = decision;
  const { cluster } = hands;
  const verdict = judgeSlot(pod, await cluster.look(pod), observed.runs);
  switch (verdict.slot) {
    case "free":
      await write(run, decision.status, hands);
      await cluster.change(pod, "letGo");
      return undefined;
    case "taken": {
      const message = notConfirmed(verdict.by);
      const waiting = isBetweenAttempts(run)
        ? status.heldUp(run, message, observed.nowMs)
        : status.queued(run, { reason: "PreviousPodNotConfirmed", message, position: 1 }, observed.nowMs);
      return record({ do: "record", run, status: waiting, soft: true }, observed, hands);
    }
    case "contended":
      for (const rival of verdict.withdraw) await cluster.remove(rival, { ifUnchanged: true });
      throw new ConflictError(`other gated pods of agent ${observed.agent} were withdrawn: look again`);
    case "behind":
      await cluster.remove(pod, { ifUnchanged: true });
      throw new ConflictError(`gated pod ${verdict.of.name} of agent ${observed.agent} comes first: look again`);
    default:
      return verdict satisfies never;
  }
}

/** The slot is held already: what keeps the pod from being let go is told, and ends the run at its start deadline. */
async function letGo({ run, pod }: Doing<"letGo">, observed: Observed, hands: Hands): Promise<void> {
  try {
    await hands.cluster.change(pod, "letGo");
  } catch (error) {
    if (error instanceof RefusedError) {
      const told = status.explained(run, run.status, readRefusal(error.said), observed.nowMs);
      await record({ do: "record", run, status: told, soft: true }, observed, hands);
    }
    throw error;
  }
}

/** Pod first, and only as we saw it: one that was let go a moment ago has changed, and then the Job must stay too. */
async function withdraw({ pod, job }: Doing<"withdraw">, cluster: Cluster): Promise<void> {
  if (pod !== undefined) await cluster.remove(pod, { ifUnchanged: true });
  if (job !== undefined) await cluster.remove(job, { ifUnchanged: pod === undefined });
}

async function record(decision: Doing<"record">, observed: Observed, hands: Hands): Promise<number | undefined> {
  const { run, about } = decision;
  const { patience, pace } = hands;
  if (about === undefined && isDeepStrictEqual(run.status, decision.status)) {
    patience.forget(run.uid);
    return undefined;
  }
  if (decision.soft === true) {
    const leftMs = patience.left(run.uid, stateOf(decision.status), observed.nowMs);
    if (leftMs > 0) return leftMs;
  }
  if (
    decision.paced === true &&
    isDeepStrictEqual(without(run.status, "queuePosition"), without(decision.status, "queuePosition"))
  ) {
    const leftMs = pace.left(run.uid, observed.nowMs);
    if (leftMs > 0) return leftMs;
  }
  await ensureThere(decision.ifThere, hands.cluster);
  const next = about === undefined ? decision.status : await quoted(decision, about, observed, hands);
  if (!isDeepStrictEqual(run.status, next)) await write(run, next, hands);
  if (about !== undefined) return lookAgainMs(observed.nowMs - about.createdMs);
  patience.forget(run.uid);
  return undefined;
}

/** As long as it has waited already. */
function lookAgainMs(waitedMs: number): number {
  return Math.min(Math.max(waitedMs, soonestLookMs), latestLookMs);
}

/** The status in the words of the newest Event about what is waited for. */
async function quoted(
  { run, status: plain }: Doing<"record">,
  about: Job | Pod,
  observed: Observed,
  { cluster }: Hands,
): Promise<ClaudeRunStatus> {
  const event = await cluster.explain(about);
  // Events are forgotten after an hour; the refusal that the status tells of is not.
  if (event === undefined) return refusalOf(run) === undefined ? plain : run.status;
  if (event.reason !== "FailedCreate") return status.explained(run, plain, event, observed.nowMs);
  return afterRefusal(run, readRefusal(event.message), observed.nowMs).status;
}

async function recordLost(
  decision: Doing<"recordLost">,
  observed: Observed,
  hands: Hands,
): Promise<number | undefined> {
  const { run, podName: name, podUid: uid, ifThere } = decision;
  // The cache may not show the pod yet: another replica saw it first.
  if (await hands.cluster.exists("pod", { namespace: run.namespace, name, uid })) return cacheLagMs;
  const proviso = ifThere === undefined ? {} : { ifThere };
  return record({ do: "record", run, status: decision.status, ...proviso }, observed, hands);
}

async function ensureThere(job: Job | undefined, cluster: Cluster): Promise<void> {
  if (job === undefined || (await cluster.exists("job", job))) return;
  throw new ConflictError(`Job ${job.name} is gone or going, which the cache does not show yet: look again`);
}

async function sweep({ run, pod, job }: Doing<"sweep">, cluster: Cluster): Promise<void> {
  const thing = pod ?? job;
  if (thing === undefined) return;
  const owner = { namespace: thing.namespace, name: thing.runName, uid: thing.runUid };
  // A run that the cache does not show may only be too new for it.
  if (run === undefined && (await cluster.exists("run", owner))) return;
  if (pod?.held === true && hasEnded(pod)) await cluster.change(pod, "release");
  else await cluster.remove(thing, { ifUnchanged: true });
}

/** One condition of a run that is long over; the rest of its status is not at hand, and stays as it is. */
async function markLogsGone(
  { run }: Doing<"markLogsGone">,
  observed: Observed,
  { cluster, pace }: Hands,
): Promise<number | undefined> {
  const leftMs = pace.left(run.uid, observed.nowMs);
  if (leftMs > 0) return leftMs;
  await cluster.markLogsGone(run);
  return undefined;
}

/** Every status write goes through here; only a new phase or attempt is worth a line in the log. */
async function write(run: Run, next: ClaudeRunStatus, { cluster, log, onFinished }: Hands): Promise<void> {
  try {
    await cluster.record(run, next);
  } catch (error) {
    if (!(error instanceof RefusedError) || error.code !== 422 || !isEnd(next)) throw error;
    // A CRD older than this operator may not take what the runner reported; the end itself must be recorded.
    log.error(
      { namespace: run.namespace, run: run.name, err: error },
      "the API server refused a result, recording the end without it",
    );
    await cluster.record(run, bare(next));
  }
  // Evicted before it started, a run stays Pending: that it is tried again is news all the same.
  if (run.status.phase === next.phase && run.status.attempt === next.attempt) return;
  if (isEnd(next)) onFinished?.(run, next);
  const announcement = announcementOf(run.status, next);
  const { reason = "" } = condition(next.conditions, "Succeeded") ?? {};
  if (announcement !== undefined) cluster.announce(run, announcement);
  log.info(
    { namespace: run.namespace, run: run.name, agent: run.spec.agent, phase: next.phase, reason },
    "run changed phase",
  );
}
