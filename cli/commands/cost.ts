/** `cost`: what finished runs spent, by agent, day or model. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { isFinished, listRuns } from "../kubernetes/runs.ts";
import { dearestFirst, sumUSD } from "../money.ts";
import { printValue } from "../output.ts";
import { misuse } from "../problem.ts";
import type { Session } from "../session.ts";
import { secondsOf } from "../terminal/duration.ts";
import { tableRows } from "../terminal/table.ts";

/** What the costs are told by. */
export const groupings = ["agent", "day", "model"] as const;

/** What `cost` takes beside the common flags. */
export interface CostOptions {
  readonly by?: (typeof groupings)[number];
  readonly agent?: string;
  readonly since?: string;
}

/** One group's sum; `costUSD` is absent if none of its runs knows. */
export interface CostRow {
  readonly group: string;
  readonly runs: number;
  /** Exact, of the runs that know. */
  readonly costUSD?: string;
  /** Runs that do not know, or not all of it. */
  readonly unknown: number;
}

const absent = "absent";

/** Prints the sums, dearest first (days: newest first), and the total. */
export async function cost(session: Session, { by = "agent", agent, since }: CostOptions): Promise<number> {
  const { terminal, options } = session;
  const fromMs = since === undefined ? -Infinity : Date.now() - 1_000 * secondsSince(since);
  const fieldSelector = agent === undefined ? undefined : `spec.agent=${agent}`;
  const selection = { namespace: session.namespaces, labelSelector: options.selector, fieldSelector };
  const { items } = await listRuns(session.connection, selection);
  const finished = items.filter((run) => isFinished(run) && Date.parse(run.status?.completionTime ?? "") >= fromMs);
  const rows = rowsOf(finished, by);
  const [total = { group: "total", runs: 0, unknown: 0 }] = rowsOf(finished, "total");
  if (options.output === "json" || options.output === "yaml") {
    printValue(terminal, options.output, { by, rows, total });
    return 0;
  }
  if (finished.length === 0) {
    terminal.note("no finished runs there");
    return 0;
  }
  const cells = [...rows, total].map((row) => [
    row.group,
    String(row.runs),
    row.costUSD ?? absent,
    String(row.unknown),
  ]);
  const columns = [{ title: by.toUpperCase(), least: 12 }, { title: "RUNS" }, { title: "COST" }, { title: "UNKNOWN" }];
  for (const row of tableRows(terminal, columns, cells)) terminal.say(row);
  if (total.unknown > 0) {
    terminal.note(
      `of ${total.unknown} ${total.unknown === 1 ? "run" : "runs"} the cost is not known, or not all of it: the sums leave that out`,
    );
  }
  return 0;
}

function secondsSince(word: string): number {
  const seconds = secondsOf(word);
  if (seconds === undefined) throw misuse(`--since ${word}: must be a time such as 12h, 7d or 90m`);
  return seconds;
}

interface Part {
  readonly group: string;
  readonly costUSD: string | undefined;
  readonly isWhole: boolean;
}

function rowsOf(runs: readonly ClaudeRun[], by: (typeof groupings)[number] | "total"): CostRow[] {
  const groups = Map.groupBy(
    runs.flatMap((run) => partsOf(run, by)),
    ({ group }) => group,
  );
  const rows = [...groups].map(([group, parts]): CostRow => {
    const sum = sumUSD(parts.flatMap(({ costUSD }) => costUSD ?? []));
    const unknown = parts.filter(({ isWhole }) => !isWhole).length;
    return { group, runs: parts.length, ...(sum === undefined ? {} : { costUSD: sum }), unknown };
  });
  return rows.toSorted((a, b) =>
    by === "day"
      ? b.group.localeCompare(a.group)
      : dearestFirst(a.costUSD, b.costUSD) || a.group.localeCompare(b.group),
  );
}

/** A run is part of one group, but of several models if it used them. */
function partsOf({ spec, status }: ClaudeRun, by: (typeof groupings)[number] | "total"): Part[] {
  const { costUSD, incomplete, models = [] } = status?.result ?? {};
  const isWhole = costUSD !== undefined && incomplete !== true;
  switch (by) {
    case "total":
      return [{ group: "total", costUSD, isWhole }];
    case "agent":
      return [{ group: spec.agent, costUSD, isWhole }];
    case "day":
      return [{ group: (status?.completionTime ?? absent).slice(0, 10), costUSD, isWhole }];
    case "model":
      // What a run spent without saying on which model is told so.
      if (models.length === 0) return [{ group: absent, costUSD, isWhole }];
      return models.map((model) => ({
        group: model.model,
        costUSD: model.costUSD,
        isWhole: model.costUSD !== undefined && incomplete !== true,
      }));
  }
}
