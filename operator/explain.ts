/** Quotes Events in the status of runs whose wait only Events explain. */
import type { ClaudeRunStatus } from "../crds/claude-run.ts";
import type { Cluster } from "./cluster.ts";
import { afterRejection } from "./decide/after-rejection.ts";
import type { Decision } from "./decide/decision.ts";
import { configMapLost, missingConfigMap } from "./decide/missing-config-map.ts";
import { parseRejection, rejectionOf } from "./decide/rejection.ts";
import * as status from "./decide/status.ts";
import type { Job, Observed, Pod } from "./domain.ts";
import type { EventBudget } from "./event-budget.ts";

/** Events are polled with backoff, because the API server reads them from etcd. */
const minEventPollMs = 5_000;
const maxEventPollMs = 30_000;

export interface ExplainDeps {
  readonly observed: Observed;
  readonly cluster: Cluster;
  readonly events?: EventBudget;
}

/** Milliseconds to the next poll: as long as the wait has lasted. */
export function eventPollMs(waitedMs: number): number {
  return Math.min(Math.max(waitedMs, minEventPollMs), maxEventPollMs);
}

/**
 * The status with the newest Event about the Job or pod. Returns undefined if the pod was stopped because of the
 * Event.
 */
export async function explainWait(
  { run, status: plain }: Extract<Decision, { do: "updateStatus" }>,
  subject: Job | Pod,
  { observed, cluster, events }: ExplainDeps,
): Promise<ClaudeRunStatus | undefined> {
  if (events?.tryTake(run.namespace, observed.nowMs) === false) {
    return events.hasQuoted(run.uid) || rejectionOf(run) !== undefined ? run.status : plain;
  }
  const event = await cluster.latestWarning(subject);
  events?.setQuoted(run.uid, event !== undefined);
  // The API server deletes Events after an hour; the rejection in the status stays true.
  if (event === undefined) return rejectionOf(run) === undefined ? plain : run.status;
  if (await stopWithoutConfigMap(subject, event, cluster)) return undefined;
  if (event.reason !== "FailedCreate") return status.explained(run, plain, event, observed.nowMs);
  return afterRejection(run, parseRejection(event.message), observed.nowMs).status;
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
