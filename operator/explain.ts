/** Quotes Events in the status of runs whose wait only Events explain. */
import type { ClaudeRunStatus } from "../crds/claude-run.ts";
import type { Cluster } from "./cluster.ts";
import { afterRejection } from "./decide/after-rejection.ts";
import type { Decision } from "./decide/decision.ts";
import { configMapLost, missingConfigMap } from "./decide/missing-config-map.ts";
import { parseRejection, rejectionOf } from "./decide/rejection.ts";
import * as status from "./decide/status.ts";
import type { Job, Observed, Pod, Run } from "./domain.ts";
import type { EventBudget } from "./event-budget.ts";

type Warning = NonNullable<Awaited<ReturnType<Cluster["latestWarning"]>>>;

/** Events are polled with backoff, because the API server reads them from etcd. */
const minEventPollMs = 5_000;
const maxEventPollMs = 30_000;

export interface ExplainDeps {
  readonly observed: Observed;
  readonly cluster: Cluster;
  readonly events?: EventBudget;
}

/** A status that quotes Events, and the time to the next reconcile. */
export interface Explained {
  readonly status: ClaudeRunStatus;
  readonly requeueAfterMs: number;
}

/**
 * The status with the newest Event about the Job or pod. Returns undefined if the pod was stopped because of the
 * Event.
 */
export async function explainWait(
  { run, status: plain }: Extract<Decision, { do: "updateStatus" }>,
  subject: Job | Pod,
  { observed, cluster, events }: ExplainDeps,
): Promise<Explained | undefined> {
  const turnInMs = events?.reserve(run, observed.nowMs) ?? 0;
  if (turnInMs > 0) {
    const isExplained = events?.hasQuoted(run.uid) === true || rejectionOf(run) !== undefined;
    return { status: isExplained ? run.status : plain, requeueAfterMs: turnInMs };
  }
  const event = await cluster.latestWarning(subject);
  events?.setQuoted(run.uid, event !== undefined);
  if (event !== undefined && (await stopWithoutConfigMap(subject, event, cluster))) return undefined;
  return {
    status: withEvent(run, plain, event, observed.nowMs),
    requeueAfterMs: eventPollMs(observed.nowMs - subject.createdMs),
  };
}

function withEvent(run: Run, plain: ClaudeRunStatus, event: Warning | undefined, nowMs: number): ClaudeRunStatus {
  // The API server deletes Events after an hour; the rejection in the status stays true.
  if (event === undefined) return rejectionOf(run) === undefined ? plain : run.status;
  if (event.reason !== "FailedCreate") return status.explained(run, plain, event, nowMs);
  return afterRejection(run, parseRejection(event.message), nowMs).status;
}

/** Milliseconds to the next poll: as long as the wait has lasted. */
function eventPollMs(waitedMs: number): number {
  return Math.min(Math.max(waitedMs, minEventPollMs), maxEventPollMs);
}

/** Creates a missing ConfigMap of the pod. If that is not possible, stops the pod and returns true. */
async function stopWithoutConfigMap(
  subject: Job | Pod,
  event: { message: string },
  cluster: Cluster,
): Promise<boolean> {
  const role = missingConfigMap(event);
  if (role === undefined || subject.kind !== "pod" || (await cluster.ensureConfigMap(subject, role))) return false;
  await cluster.stop(subject, configMapLost(subject, role));
  return true;
}
