/** The figures as Markdown: one table with floors and goals, then details. */
import type { Requests } from "./audit.ts";
import type { Burst, OperatorBurst } from "./burst.ts";
import type { IdleFigures } from "./idle.ts";
import { others } from "./proc.ts";
import type { Kept } from "./kept.ts";
import type { Rest } from "./rest.ts";
import { rowsOf, type Row } from "./rows.ts";
import { short } from "./statistics.ts";
import type { Steady } from "./sustained.ts";

export interface Figures {
  readonly setting: Readonly<Record<string, string>>;
  /** Number of the benchmark's watches that the API server ended. */
  readonly cutOffs: number;
  readonly idleBytes: number;
  readonly idle: IdleFigures;
  readonly handOff: readonly number[];
  readonly rest: Rest;
  readonly sustained?: Steady;
  readonly kept?: Kept;
  readonly burst?: { readonly floors: readonly Burst[]; readonly bare?: Burst; readonly run: OperatorBurst };
}

/** Returns the output of `npm run bench`. */
export function report(figures: Figures): string {
  return [
    ...Object.entries(figures.setting).map(([name, value]) => `- ${name}: ${value}`),
    "",
    ...figureTable(["floor: a Job", "ClaudeRun"], rowsOf(figures)),
    "",
    "Times are p50 / p99 (for fewer than 100 values: the maximum). " +
      `Watches of the benchmark that were resumed: ${figures.cutOffs}.`,
    "",
    ...requestTable("idle", figures.idle.requests, figures.idle.runs),
    ...(figures.burst === undefined ? [] : burstDetails(figures.burst)),
  ].join("\n");
}

function burstDetails({ floors, bare, run }: NonNullable<Figures["burst"]>): string[] {
  const perOne = ({ usage, size }: Burst): Map<string, number> =>
    new Map(usage.map(([name, ms]): [string, number] => [name, ms / size]));
  const floor = floors.map(perOne);
  const floorMs = (name: string): number => floor.reduce((sum, each) => sum + (each.get(name) ?? 0), 0) / floor.length;
  const bareMs = bare === undefined ? undefined : perOne(bare);
  const runMs = perOne(run);
  const ratio = (name: string, ms: number): string =>
    floorMs(name) >= 1 && name !== others ? `${(ms / floorMs(name)).toFixed(1)} ×` : "–";
  return [
    ...requestTable("burst", run.requests, run.size),
    "CPU time in the bursts, in milliseconds per Job or run:",
    "",
    ...table(
      ["process", "floor", "bare", "ClaudeRun", "ratio"],
      [...runMs].map(([name, ms]) => {
        const without = bareMs?.get(name);
        return [name, short(floorMs(name)), without === undefined ? "–" : short(without), short(ms), ratio(name, ms)];
      }),
    ),
    "",
    `"${others}" is all other work of the machine, including the kernel: ${[floors[0], bare, run, floors[1]]
      .filter((each) => each !== undefined)
      .map(shareOfOthers)
      .join(", ")} of a core in these bursts, in order.`,
    "",
  ];
}

function shareOfOthers({ usage, makespanMs }: Burst): string {
  const ms = new Map(usage).get(others) ?? 0;
  return `${Math.round((ms / makespanMs) * 100)} %`;
}

function requestTable(which: string, { byKind, rejected, watches }: Requests, runs: number): string[] {
  const sorted = Object.entries(byKind).sort((a, b) => b[1] - a[1]);
  const faults = Object.entries(rejected).map(([what, count]) => `${count} × ${what}`);
  return [
    `The operator's requests per run, ${which}, from the API server's audit log (without watches and leases):`,
    "",
    ...table(
      ["request", "per run"],
      sorted.map(([kind, count]) => [kind, (count / runs).toFixed(2)]),
    ),
    "",
    `Rejected: ${faults.length === 0 ? "none" : faults.join(", ")}. Watches reopened: ${watches}.`,
    "",
  ];
}

/** Returns a table of figures with floors and goals. */
export function figureTable([floor, measured]: readonly [string, string], rows: readonly Row[]): string[] {
  return table(
    ["figure", floor, measured, "goal", "met"],
    rows.map((row) => [
      row.figure,
      row.floor ?? "–",
      row.measured,
      row.goal ?? "–",
      row.isMet === undefined ? "–" : row.isMet ? "yes" : "**no**",
    ]),
  );
}

/** Returns a Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}
