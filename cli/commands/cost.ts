/** `cost`: sums up the cost of finished runs by agent, day or model. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { listRuns } from "../../client/list-runs.ts";
import { isFinished } from "../../crds/finished.ts";
import { byCostDescending, sumUSD } from "../../client/money.ts";
import { printValue } from "../output.ts";
import { usageError } from "../errors.ts";
import type { CommandContext } from "../command-context.ts";
import { secondsOf } from "../terminal/duration.ts";
import { tableRows } from "../terminal/table.ts";

/** The groupings of costs. */
export const groupings = ["agent", "day", "model"] as const;

/** Options of `cost`, in addition to the common flags. */
export interface CostOptions {
  readonly by?: (typeof groupings)[number];
  readonly agent?: string;
  readonly since?: string;
}

/** The sum of one group. `costUSD` is not set if the cost of all its runs is unknown. */
export interface CostRow {
  readonly group: string;
  readonly runs: number;
  /** Exact sum of the known costs. */
  readonly costUSD?: string;
  /** Number of runs whose cost is unknown or incomplete. */
  readonly unknown: number;
}

const unknownGroup = "unknown";

/** Prints the sums, highest first (days: newest first), and the total. */
export async function cost(ctx: CommandContext, { by = "agent", agent, since }: CostOptions): Promise<number> {
  const { terminal, options } = ctx;
  const fromMs = since === undefined ? -Infinity : Date.now() - 1_000 * parseSince(since);
  const fieldSelector = agent === undefined ? undefined : `spec.agent=${agent}`;
  const selection = { namespace: ctx.namespaceOrAll, labelSelector: options.selector, fieldSelector };
  const { items } = await listRuns(ctx.connection, selection);
  const finished = items.filter((run) => isFinished(run) && Date.parse(run.status?.completionTime ?? "") >= fromMs);
  const rows = groupRows(finished, by);
  const [total = { group: "total", runs: 0, unknown: 0 }] = groupRows(finished, "total");
  if (options.output === "json" || options.output === "yaml") {
    printValue(terminal, options.output, { by, rows, total });
    return 0;
  }
  if (finished.length === 0) {
    terminal.note("no finished runs");
    return 0;
  }
  const cells = [...rows, total].map((row) => [
    row.group,
    String(row.runs),
    row.costUSD ?? "unknown",
    String(row.unknown),
  ]);
  const columns = [{ title: by.toUpperCase(), least: 12 }, { title: "RUNS" }, { title: "COST" }, { title: "UNKNOWN" }];
  for (const row of tableRows(terminal, columns, cells)) terminal.printLine(row);
  if (total.unknown > 0) {
    terminal.note(
      `cost of ${total.unknown} ${total.unknown === 1 ? "run" : "runs"} is unknown or partial; unknown parts are not included`,
    );
  }
  return 0;
}

function parseSince(word: string): number {
  const seconds = secondsOf(word);
  if (seconds === undefined) throw usageError(`--since ${word}: must be a time such as 12h, 7d or 90m`);
  return seconds;
}

interface Part {
  readonly group: string;
  readonly costUSD: string | undefined;
  readonly isWhole: boolean;
}

function groupRows(runs: readonly ClaudeRun[], by: (typeof groupings)[number] | "total"): CostRow[] {
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
      : byCostDescending(a.costUSD, b.costUSD) || a.group.localeCompare(b.group),
  );
}

/** Returns the groups of a run: one, or each of its models. */
function partsOf({ spec, status }: ClaudeRun, by: (typeof groupings)[number] | "total"): Part[] {
  const { costUSD, incomplete, models = [] } = status?.result ?? {};
  const isWhole = costUSD !== undefined && incomplete !== true;
  switch (by) {
    case "total":
      return [{ group: "total", costUSD, isWhole }];
    case "agent":
      return [{ group: spec.agent, costUSD, isWhole }];
    case "day":
      return [{ group: (status?.completionTime ?? unknownGroup).slice(0, 10), costUSD, isWhole }];
    case "model":
      // The run does not say on which model it spent its cost.
      if (models.length === 0) return [{ group: unknownGroup, costUSD, isWhole }];
      return models.map((model) => ({
        group: model.model,
        costUSD: model.costUSD,
        isWhole: model.costUSD !== undefined && incomplete !== true,
      }));
  }
}
