/** The screen of `top`. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { isFinished } from "../../crds/finished.ts";
import { succeededCondition } from "../../client/run-facts.ts";
import { activityCell, ageCell, phaseCell, turnsCell } from "../render/run-row.ts";
import { cut } from "../terminal/cells.ts";
import { visibleLine } from "../terminal/hidden.ts";
import { tableRows, type Column } from "../terminal/table.ts";
import { styled, type Line, type Piece, type Terminal } from "../terminal/terminal.ts";
import { agentRows, type AgentRow } from "./agent-rows.ts";

/** The state that `top` shows. */
export interface TopState {
  readonly runs: readonly ClaudeRun[];
  readonly nowMs: number;
  /** Undefined for all namespaces. */
  readonly namespace: string | undefined;
  /** Error that keeps the runs from being current. */
  readonly error: string | undefined;
  /** Rows of the screen; Infinity in a pipe. */
  readonly height: number;
}

const columns: readonly Column[] = [
  { title: "AGENT", minWidth: 10 },
  { title: "RUN", minWidth: 12 },
  { title: "PHASE" },
  { title: "ACTIVITY", minWidth: 8 },
  { title: "WAITING" },
  { title: "TURNS" },
  { title: "SPENT", minWidth: 6 },
  { title: "AGE" },
];

/** Returns a heading, a table, and the number of agents that did not fit. */
export function viewOf(terminal: Terminal, state: TopState): Line[] {
  const { runs, nowMs, namespace, error, height } = state;
  const agents = agentRows(runs);
  const room = Math.max(1, height - 5);
  const shown = agents.slice(0, room);
  const isOfAll = namespace === undefined;
  const rows = shown.map((view) => [...(isOfAll ? [view.namespace] : []), ...rowOf(view, nowMs)]);
  const hidden = agents.length - shown.length;
  return [
    headOf(terminal, state),
    ...(error === undefined ? [] : [styled("red", cut(visibleLine(`out of date: ${error}`), terminal.columns))]),
    "",
    ...(agents.length === 0
      ? [`no runs ${isOfAll ? "in any namespace" : `in namespace ${namespace}`}`]
      : tableRows(terminal, isOfAll ? [{ title: "NAMESPACE", minWidth: 8 }, ...columns] : columns, rows)),
    ...(hidden > 0 ? [styled("dim", `… ${hidden} more ${hidden === 1 ? "agent" : "agents"}`)] : []),
  ];
}

function headOf(terminal: Terminal, { runs, nowMs, namespace }: TopState): Line {
  const count = (phase: string): number => runs.filter(({ status }) => status?.phase === phase).length;
  const where = namespace === undefined ? "all namespaces" : namespace;
  const clock = `${new Date(nowMs).toISOString().slice(11, 19)} UTC`;
  const counts = `${count("Running")} running, ${count("Pending")} starting, ${count("Queued")} queued`;
  return styled("bold", cut(`${where} · ${counts} · ${clock}`, terminal.columns));
}

function rowOf(view: AgentRow, nowMs: number): Piece[] {
  const { agent, run, waiting, spentUSD, unknown } = view;
  const spent = spentUSD === undefined ? (unknown > 0 ? "unknown" : "") : spentUSD + (unknown > 0 ? "+" : "");
  const cells: Piece[] = [
    agent,
    run.metadata.name,
    phaseCell(run),
    activity(run),
    waiting === 0 ? "" : String(waiting),
    turnsCell(run),
    spent,
    ageCell(run, nowMs),
  ];
  if (!isFinished(run)) return cells;
  return cells.map((cell) => (typeof cell === "string" ? { text: cell, style: "dim" } : cell));
}

/** Returns the run's activity, or the reason why it waits. */
function activity(run: ClaudeRun): string {
  if (isFinished(run)) return "idle";
  const activity = run.status?.phase === "Queued" ? "" : activityCell(run);
  const { reason } = succeededCondition(run);
  // If the activity is unknown, the phase column already says Running.
  return activity === "" && reason !== run.status?.phase ? reason : activity;
}
