/** Groups runs by agent: the current run, the queue and the cost of each. Pure. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { isFinished } from "../../crds/finished.ts";
import { sumUSD } from "../../client/money.ts";

/** One agent of a namespace. */
export interface AgentRow {
  readonly namespace: string;
  readonly agent: string;
  /** The run that holds the slot, else the first of the queue, else the last finished one. */
  readonly run: ClaudeRun;
  /** Number of waiting runs, without `run`. */
  readonly waiting: number;
  /** Sum of the known costs of finished runs; undefined if all are unknown. */
  readonly spentUSD: string | undefined;
  /** Number of finished runs whose cost is unknown. */
  readonly unknown: number;
}

/** Returns active agents first, then waiting ones, then idle ones, latest first. */
export function agentRows(runs: readonly ClaudeRun[]): AgentRow[] {
  const groups = Map.groupBy(runs, ({ metadata, spec }) => `${metadata.namespace} ${spec.agent}`);
  return [...groups.values()].flatMap((group) => viewOf(group) ?? []).toSorted(busiestFirst);
}

function viewOf(runs: readonly ClaudeRun[]): AgentRow | undefined {
  const finished = runs.filter(isFinished);
  const unfinished = runs.filter((run) => !isFinished(run)).toSorted(nextFirst);
  const [current = finished.toSorted(latestFirst)[0]] = unfinished;
  if (current === undefined) return undefined;
  const costs = finished.flatMap(({ status }) => status?.result?.costUSD ?? []);
  return {
    namespace: current.metadata.namespace,
    agent: current.spec.agent,
    run: current,
    waiting: unfinished.filter((run) => run !== current).length,
    spentUSD: sumUSD(costs),
    unknown: finished.length - costs.length,
  };
}

function nextFirst(a: ClaudeRun, b: ClaudeRun): number {
  return (
    rank(a) - rank(b) ||
    (a.status?.queuePosition ?? Infinity) - (b.status?.queuePosition ?? Infinity) ||
    a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp)
  );
}

function latestFirst(a: ClaudeRun, b: ClaudeRun): number {
  return (b.status?.completionTime ?? "").localeCompare(a.status?.completionTime ?? "");
}

function busiestFirst(a: AgentRow, b: AgentRow): number {
  return (
    rank(a.run) - rank(b.run) ||
    (isFinished(a.run) ? latestFirst(a.run, b.run) : 0) ||
    a.agent.localeCompare(b.agent) ||
    a.namespace.localeCompare(b.namespace)
  );
}

function rank(run: ClaudeRun): number {
  if (isFinished(run)) return 3;
  const { phase } = run.status ?? {};
  return phase === "Running" ? 0 : phase === "Pending" ? 1 : 2;
}
