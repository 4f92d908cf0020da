/** What `top` shows at one moment. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { isFinished, verdictOf } from "../kubernetes/runs.ts";
import { activityOf, ageCell, phaseCell, turnsOf } from "../render/run-row.ts";
import { cut, plain } from "../terminal/cells.ts";
import { tableRows, type Cell, type Column } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { agentsOf, type AgentView } from "./agents.ts";

/** The moment. */
export interface Moment {
  readonly runs: readonly ClaudeRun[];
  readonly nowMs: number;
  /** undefined: all. */
  readonly namespace: string | undefined;
  /** Why what is shown may be old. */
  readonly trouble: string | undefined;
  /** Rows of the screen, or Infinity. */
  readonly height: number;
}

const columns: readonly Column[] = [
  { title: "AGENT", least: 10 },
  { title: "RUN", least: 12 },
  { title: "PHASE" },
  { title: "DOES", least: 8 },
  { title: "WAITING" },
  { title: "TURNS" },
  { title: "SPENT", least: 6 },
  { title: "AGE" },
];

/** Its lines: a head, a table, and what did not fit. */
export function viewOf(terminal: Terminal, moment: Moment): string[] {
  const { runs, nowMs, namespace, trouble, height } = moment;
  const agents = agentsOf(runs);
  const room = Math.max(1, height - 5);
  const shown = agents.slice(0, room);
  const isOfAll = namespace === undefined;
  const rows = shown.map((view) => [...(isOfAll ? [view.namespace] : []), ...rowOf(view, nowMs)]);
  const hidden = agents.length - shown.length;
  return [
    headOf(terminal, moment),
    ...(trouble === undefined
      ? []
      : [terminal.paint("red", cut(`what is shown is old: ${trouble}`, terminal.columns))]),
    "",
    ...(agents.length === 0
      ? [`no runs ${isOfAll ? "in any namespace" : `in namespace ${namespace}`}`]
      : tableRows(terminal, isOfAll ? [{ title: "NAMESPACE", least: 8 }, ...columns] : columns, rows)),
    ...(hidden > 0 ? [terminal.paint("dim", `… ${hidden} more ${hidden === 1 ? "agent" : "agents"}`)] : []),
  ];
}

function headOf(terminal: Terminal, { runs, nowMs, namespace }: Moment): string {
  const count = (phase: string): number => runs.filter(({ status }) => status?.phase === phase).length;
  const where = namespace === undefined ? "all namespaces" : namespace;
  const clock = `${new Date(nowMs).toISOString().slice(11, 19)} UTC`;
  const counts = `${count("Running")} running, ${count("Pending")} starting, ${count("Queued")} queued`;
  return terminal.paint("bold", cut(`${where} · ${counts} · ${clock}`, terminal.columns));
}

function rowOf(view: AgentView, nowMs: number): Cell[] {
  const { agent, run, waiting, spentUSD, unknown } = view;
  const spent = spentUSD === undefined ? (unknown > 0 ? "absent" : "") : spentUSD + (unknown > 0 ? "+" : "");
  const cells: Cell[] = [
    agent,
    run.metadata.name,
    phaseCell(run),
    doesOf(run),
    waiting === 0 ? "" : String(waiting),
    turnsOf(run),
    spent,
    ageCell(run, nowMs),
  ];
  if (!isFinished(run)) return cells;
  return cells.map((cell) => (typeof cell === "string" ? { text: cell, style: "dim" } : cell));
}

/** What it is at; of one that waits, why. */
function doesOf(run: ClaudeRun): string {
  if (isFinished(run)) return "idle";
  const activity = run.status?.phase === "Queued" ? "" : activityOf(run);
  const { reason } = verdictOf(run);
  // Of a run whose activity is not known yet the phase says all.
  return activity === "" && reason !== run.status?.phase ? plain(reason) : activity;
}
