/** observe → decide → act. */
import { act, type ActDeps } from "./act.ts";
import type { ActiveRunLimiter } from "./active-run-limit.ts";
import { decide } from "./decide/decide.ts";
import type { Decision } from "./decide/decision.ts";
import { earliest } from "./decide/earliest.ts";
import type { AgentKey, Observed, Settings } from "./domain.ts";
import { ClusterError, ConflictError } from "./errors.ts";
import type { Log } from "./log.ts";
import { ownedOnly } from "./ownership.ts";

/** Dependencies of `reconcile`. */
export interface ReconcileDeps extends ActDeps {
  readonly log: Pick<Log, "debug" | "info" | "error">;
  readonly settings: Settings;
  readonly activeRunLimiter: ActiveRunLimiter;
  readonly now: () => number;
}

/** After this time the reconcile ends, and the next one continues with the other runs. */
const maxActMs = 1_000;

/** Reconciles one agent's runs. Idempotent, and safe at any time. */
export async function reconcile(agent: AgentKey, deps: ReconcileDeps): Promise<{ requeueAfterMs?: number }> {
  const { activeRunLimiter, cluster, settings } = deps;
  const view = { agent, nowMs: deps.now(), settings, ...ownedOnly(cluster.observe(agent)) };
  const limit = activeRunLimiter.tryReserve(view);
  const lostClients = cluster.lostClients(agent, view.runs);
  const observed = { ...view, lostClients, ...(limit === undefined ? {} : { limit }) };
  const { decided, groups, requeueAtMs } = decide(observed);
  for (const { run, rule } of decided) deps.log.debug({ agent, run, rule }, "decided");
  const delays = requeueAtMs === undefined ? [] : [Math.max(0, requeueAtMs - observed.nowMs)];
  const failures: unknown[] = [];
  const beganMs = performance.now();
  for (const group of groups.toSorted((a, b) => Number(isRateLimited(a)) - Number(isRateLimited(b)))) {
    // The next reconcile decides again from the current state, so that an end does not wait for thousands of statuses.
    if (performance.now() - beganMs > maxActMs) {
      delays.push(0);
      break;
    }
    await actInOrder(group, observed, deps).then(
      (more) => delays.push(...more),
      (error: unknown) => failures.push(error),
    );
  }
  // A request without an answer may have created a Job: the reservation stays until the next reconcile.
  if (!failures.some((failure) => failure instanceof ClusterError))
    activeRunLimiter.release({ ...view, ...ownedOnly(cluster.observe(agent)) });
  if (failures.length > 0) throw mostSevere(failures);
  const requeueAfterMs = earliest(delays);
  return requeueAfterMs === undefined ? {} : { requeueAfterMs };
}

/** Rate-limited writes come last, because no run waits for them. */
function isRateLimited(group: readonly Decision[]): boolean {
  return group.some(
    (decision) =>
      decision.do === "markLogsUnavailable" || (decision.do === "updateStatus" && decision.isRateLimited === true),
  );
}

/** Executes the decisions about one run. The first failure ends them; the groups of other runs are not affected. */
async function actInOrder(group: readonly Decision[], observed: Observed, deps: ActDeps): Promise<number[]> {
  const delays: number[] = [];
  for (const decision of group) {
    const delayMs = await act(decision, observed, deps);
    if (delayMs !== undefined) delays.push(delayMs);
  }
  return delays;
}

/** Any other failure is reported before a conflict, which is expected. */
function mostSevere(failures: readonly unknown[]): unknown {
  return failures.find((failure) => !(failure instanceof ConflictError)) ?? failures[0];
}
