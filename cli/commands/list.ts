/** `list`: prints the runs of a namespace, newest first. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { listRuns } from "../../client/list-runs.ts";
import { newestFirst } from "../../client/run-facts.ts";
import { printList } from "../output.ts";
import { activityCell, ageCell, costCell, phaseCell, reasonCell, turnsCell } from "../render/run-row.ts";
import type { CommandContext } from "../command-context.ts";
import { tableRows, type Column } from "../terminal/table.ts";
import type { Piece } from "../terminal/terminal.ts";

/** Options of `list`, in addition to the common flags. */
export interface ListOptions {
  readonly agent?: string;
}

const columns: readonly Column[] = [
  { title: "NAME", minWidth: 14 },
  { title: "AGENT", minWidth: 8 },
  { title: "PHASE" },
  { title: "REASON", minWidth: 8 },
  { title: "ACTIVITY", minWidth: 6 },
  { title: "TURNS" },
  { title: "COST", minWidth: 6 },
  { title: "AGE" },
];

/** Prints the runs. A note on stderr says that there are none. */
export async function list(ctx: CommandContext, { agent }: ListOptions): Promise<number> {
  const { terminal, namespaceOrAll: namespace, options } = ctx;
  const fieldSelector = agent === undefined ? undefined : `spec.agent=${agent}`;
  const { items } = await listRuns(ctx.connection, { namespace, labelSelector: options.selector, fieldSelector });
  const runs = newestFirst(items);
  if (options.output !== undefined) {
    printList(terminal, options.output, runs);
    return 0;
  }
  if (runs.length === 0) {
    terminal.note(`no runs ${namespace === undefined ? "in any namespace" : `in namespace ${namespace}`}`);
    return 0;
  }
  const nowMs = Date.now();
  const isOfAll = namespace === undefined;
  const rows = runs.map((run) => [...(isOfAll ? [run.metadata.namespace] : []), ...rowOf(run, nowMs)]);
  for (const row of tableRows(terminal, isOfAll ? [{ title: "NAMESPACE", minWidth: 8 }, ...columns] : columns, rows)) {
    terminal.printLine(row);
  }
  return 0;
}

function rowOf(run: ClaudeRun, nowMs: number): Piece[] {
  return [
    run.metadata.name,
    run.spec.agent,
    phaseCell(run),
    reasonCell(run),
    activityCell(run),
    turnsCell(run),
    costCell(run),
    ageCell(run, nowMs),
  ];
}
