/** The runs as the agents whose they are: who works, who waits, what it has cost. Pure. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { isFinished } from "../kubernetes/runs.ts";
import { sumUSD } from "../money.ts";

/** One agent of one namespace. */
export interface AgentView {
  readonly namespace: string;
  readonly agent: string;
  /** The run that holds the slot; else the first that waits; else the last that ended. */
  readonly run: ClaudeRun;
  /** Runs that wait behind it. */
  readonly waiting: number;
  /** Sum of the finished runs that know; undefined if none does. */
  readonly spentUSD: string | undefined;
  /** Finished runs that do not know what they cost. */
  readonly unknown: number;
}

/** Agents at work first, then those that wait, then the idle ones, the latest first. */
export function agentsOf(runs: readonly ClaudeRun[]): AgentView[] {
  const groups = Map.groupBy(runs, ({ metadata, spec }) => `${metadata.namespace} ${spec.agent}`);
  return [...groups.values()].flatMap((group) => viewOf(group) ?? []).toSorted(busiestFirst);
}

function viewOf(runs: readonly ClaudeRun[]): AgentView | undefined {
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

function busiestFirst(a: AgentView, b: AgentView): number {
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
