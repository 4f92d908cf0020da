/** observe → decide → act. */
import { act, type Hands } from "./act.ts";
import type { Brake } from "./brake.ts";
import { decide } from "./decide/decide.ts";
import type { Decision } from "./decide/decision.ts";
import type { AgentKey, Observed, Settings } from "./domain.ts";
import { ClusterError, ConflictError } from "./errors.ts";

/** What every pass needs beside the agent it is for. */
export interface Surroundings extends Hands {
  readonly settings: Settings;
  readonly brake: Brake;
  readonly now: () => number;
}

/** Brings one agent's runs from what is to what should be. Safe to call at any time, any number of times. */
export async function reconcile(agent: AgentKey, around: Surroundings): Promise<{ again?: number }> {
  const { brake, cluster, settings } = around;
  const seen = { agent, nowMs: around.now(), settings, ...cluster.observe(agent) };
  const limit = brake.judge(seen);
  const lostClients = cluster.lostClients(agent, seen.runs);
  const observed = { ...seen, lostClients, ...(limit === undefined ? {} : { limit }) };
  const { groups, wakeAtMs } = decide(observed);
  const waits = wakeAtMs === undefined ? [] : [Math.max(0, wakeAtMs - observed.nowMs)];
  const failures: unknown[] = [];
  for (const group of groups.toSorted((a, b) => Number(isPaced(a)) - Number(isPaced(b)))) {
    await actInOrder(group, observed, around).then(
      (again) => waits.push(...again),
      (error: unknown) => failures.push(error),
    );
  }
  // A request without an answer may have made a Job all the same: the reservation stays until the next pass knows.
  if (!failures.some((failure) => failure instanceof ClusterError))
    brake.settle({ ...seen, ...cluster.observe(agent) });
  if (failures.length > 0) throw gravest(failures);
  return waits.length === 0 ? {} : { again: Math.min(...waits) };
}

/** What is written in its own time comes after all that somebody waits for. */
function isPaced(group: readonly Decision[]): boolean {
  return group.some(
    (decision) => decision.do === "markLogsGone" || (decision.do === "record" && decision.paced === true),
  );
}

/** One group belongs to one run: its first failure ends it, and leaves the other runs' groups alone. */
async function actInOrder(group: readonly Decision[], observed: Observed, hands: Hands): Promise<number[]> {
  const waits: number[] = [];
  for (const decision of group) {
    const again = await act(decision, observed, hands);
    if (again !== undefined) waits.push(again);
  }
  return waits;
}

/** A conflict is no news: anything else is reported first. */
function gravest(failures: readonly unknown[]): unknown {
  return failures.find((failure) => !(failure instanceof ConflictError)) ?? failures[0];
}
