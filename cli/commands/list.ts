/** `list`: the runs of a namespace, newest first. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { listRuns, newestFirst } from "../kubernetes/runs.ts";
import { printRuns } from "../output.ts";
import { activityOf, ageCell, costOf, phaseCell, reasonOf, turnsOf } from "../render/run-row.ts";
import type { Session } from "../session.ts";
import { tableRows, type Cell, type Column } from "../terminal/table.ts";

/** What `list` takes beside the common flags. */
export interface ListOptions {
  readonly agent?: string;
}

const columns: readonly Column[] = [
  { title: "NAME", least: 14 },
  { title: "AGENT", least: 8 },
  { title: "PHASE" },
  { title: "REASON", least: 8 },
  { title: "DOES", least: 6 },
  { title: "TURNS" },
  { title: "COST", least: 6 },
  { title: "AGE" },
];

/** Prints them; an empty list is said so beside the output. */
export async function list(session: Session, { agent }: ListOptions): Promise<number> {
  const { terminal, namespaces: namespace, options } = session;
  const fieldSelector = agent === undefined ? undefined : `spec.agent=${agent}`;
  const { items } = await listRuns(session.connection, { namespace, labelSelector: options.selector, fieldSelector });
  const runs = newestFirst(items);
  if (options.output !== undefined) {
    printRuns(terminal, options.output, runs);
    return 0;
  }
  if (runs.length === 0) {
    terminal.note(`no runs ${namespace === undefined ? "in any namespace" : `in namespace ${namespace}`}`);
    return 0;
  }
  const nowMs = Date.now();
  const isOfAll = namespace === undefined;
  const rows = runs.map((run) => [...(isOfAll ? [run.metadata.namespace] : []), ...rowOf(run, nowMs)]);
  for (const row of tableRows(terminal, isOfAll ? [{ title: "NAMESPACE", least: 8 }, ...columns] : columns, rows)) {
    terminal.say(row);
  }
  return 0;
}

function rowOf(run: ClaudeRun, nowMs: number): Cell[] {
  return [
    run.metadata.name,
    run.spec.agent,
    phaseCell(run),
    reasonOf(run),
    activityOf(run),
    turnsOf(run),
    costOf(run),
    ageCell(run, nowMs),
  ];
}
