/** The figures as Markdown: one table with the floor and the goal beside each, then what explains them. */
import type { Requests } from "./audit.ts";
import type { Burst, OperatorBurst } from "./burst.ts";
import type { IdleFigures } from "./idle.ts";
import { others } from "./proc.ts";
import { milliseconds, seconds, short, summarize } from "./statistics.ts";

export interface Figures {
  readonly setting: Readonly<Record<string, string>>;
  /** How often the API server cut off a watch of the benchmark's own. */
  readonly cutOffs: number;
  readonly idleBytes: number;
  readonly idle: IdleFigures;
  readonly handOff: readonly number[];
  readonly burst?: { readonly floors: readonly Burst[]; readonly run: OperatorBurst };
}

interface Row {
  readonly figure: string;
  readonly floor?: string;
  readonly measured: string;
  readonly goal?: string;
  /** Absent: there is no goal to miss. */
  readonly isMet?: boolean;
}

const bytesPerMiB = 1024 * 1024;

/** Everything that `npm run bench` prints. */
export function report(figures: Figures): string {
  const rows = [...idleRows(figures), ...(figures.burst === undefined ? [] : burstRows(figures.burst))];
  return [
    ...Object.entries(figures.setting).map(([name, value]) => `- ${name}: ${value}`),
    "",
    ...table(
      ["figure", "floor: a Job", "ClaudeRun", "goal", "met"],
      rows.map(({ figure, floor = "–", measured, goal = "–", isMet }) => [
        figure,
        floor,
        measured,
        goal,
        isMet === undefined ? "–" : isMet ? "yes" : "**no**",
      ]),
    ),
    "",
    "Times are p50 / p99 (of fewer than 100 values: the greatest). " +
      `Watches of the benchmark that were cut off and resumed: ${figures.cutOffs}.`,
    "",
    ...requestTable("idle", figures.idle.requests, figures.idle.runs),
    ...(figures.burst === undefined ? [] : burstDetails(figures.burst)),
  ].join("\n");
}

function idleRows({ idle, handOff, idleBytes }: Figures): Row[] {
  const { floor, run, requests, runs } = idle;
  const writes = requests.writes / runs;
  return [
    { figure: "created → ClaudeRun's own watch event, idle", measured: milliseconds(summarize(run.seen)) },
    timed(`created → Job created, idle, n=${runs}`, { floor: floor.job, run: run.job, p50Ms: 10, p99Ms: 25 }),
    timed("created → pod let go (floor: pod exists), idle", { floor: floor.pod, run: run.letGo, p50Ms: 35, p99Ms: 75 }),
    timed("pod Succeeded → result in status (floor: Job Complete)", {
      floor: floor.finished,
      run: run.finished,
      p50Ms: 7,
      p99Ms: 15,
    }),
    timed(`hand-off: terminal → next pod let go, n=${handOff.length}`, { run: handOff, p50Ms: 60, p99Ms: 135 }),
    { figure: "writes per run, idle", measured: writes.toFixed(1), goal: "≤ 9", isMet: writes <= 9 },
    { figure: "reads per run, idle", measured: (requests.reads / runs).toFixed(1) },
    {
      figure: "operator's RSS after 10 s idle",
      measured: mebibytes(idleBytes),
      goal: "≤ 100 MiB",
      isMet: idleBytes <= 100 * bytesPerMiB,
    },
  ];
}

function timed(
  figure: string,
  options: { floor?: readonly number[]; run: readonly number[]; p50Ms: number; p99Ms: number },
): Row {
  const measured = summarize(options.run);
  return {
    figure,
    ...(options.floor === undefined ? {} : { floor: milliseconds(summarize(options.floor)) }),
    measured: milliseconds(measured),
    goal: `≤ ${options.p50Ms} / ${options.p99Ms} ms`,
    isMet: measured.p50 <= options.p50Ms && measured.p99 <= options.p99Ms,
  };
}

function burstRows({ floors, run }: NonNullable<Figures["burst"]>): Row[] {
  const { size, memory, cpuMsPerRun, requests } = run;
  const floorMs = floors.reduce((sum, { makespanMs }) => sum + makespanMs, 0) / floors.length;
  const ratio = run.makespanMs / floorMs;
  const jobMs = summarize(run.job).p99;
  const resultMs = summarize(run.finished).p99;
  const floorP99 = (of: (burst: Burst) => number[]): string =>
    seconds(summarize(floors.flatMap((floor) => of(floor))).p99);
  return [
    {
      figure: `${size} at once: all finished after`,
      floor: floors.map(({ makespanMs }) => seconds(makespanMs)).join(", "),
      measured: `${seconds(run.makespanMs)}, ${ratio.toFixed(2)} × floor`,
      goal: "≤ 1.7 × floor",
      isMet: ratio <= 1.7,
    },
    {
      figure: `${size} at once: p99 created → Job`,
      floor: floorP99(({ job }) => job),
      measured: seconds(jobMs),
      goal: "≤ 2.5 s",
      isMet: jobMs <= 2_500,
    },
    {
      figure: `${size} at once: p99 result in status`,
      floor: floorP99(({ finished }) => finished),
      measured: seconds(resultMs),
      goal: "≤ 0.4 s",
      isMet: resultMs <= 400,
    },
    {
      figure: `${size} at once: operator's CPU per run`,
      measured: `${short(cpuMsPerRun)} ms`,
      goal: "≤ 10 ms",
      isMet: cpuMsPerRun <= 10,
    },
    {
      figure: `${size} at once: writes per run`,
      measured: (requests.writes / size).toFixed(1),
      goal: "≤ 9",
      isMet: requests.writes / size <= 9,
    },
    {
      figure: "operator's RSS before → peak → 10 s after",
      measured: [memory.beforeBytes, memory.peakBytes, memory.afterBytes].map(mebibytes).join(" → "),
    },
  ];
}

function burstDetails({ floors, run }: NonNullable<Figures["burst"]>): string[] {
  const perOne = ({ usage, size }: Burst): Map<string, number> =>
    new Map(usage.map(([name, ms]): [string, number] => [name, ms / size]));
  const floor = floors.map(perOne);
  const floorMs = (name: string): number => floor.reduce((sum, each) => sum + (each.get(name) ?? 0), 0) / floor.length;
  const runMs = perOne(run);
  const ratio = (name: string, ms: number): string =>
    floorMs(name) >= 1 && name !== others ? `${(ms / floorMs(name)).toFixed(1)} ×` : "–";
  return [
    ...requestTable("burst", run.requests, run.size),
    "Processor time in the bursts, in milliseconds per Job or run:",
    "",
    ...table(
      ["process", "floor", "ClaudeRun", "ratio"],
      [...runMs].map(([name, ms]) => [name, short(floorMs(name)), short(ms), ratio(name, ms)]),
    ),
    "",
    `"${others}" is what else the machine did, the kernel included: ${[floors[0], run, floors[1]]
      .filter((each) => each !== undefined)
      .map(shareOfOthers)
      .join(", ")} of a core in the three bursts.`,
    "",
  ];
}

function shareOfOthers({ usage, makespanMs }: Burst): string {
  const ms = new Map(usage).get(others) ?? 0;
  return `${Math.round((ms / makespanMs) * 100)} %`;
}

function requestTable(which: string, { byKind, refused, watches }: Requests, runs: number): string[] {
  const sorted = Object.entries(byKind).sort((a, b) => b[1] - a[1]);
  const faults = Object.entries(refused).map(([what, count]) => `${count} × ${what}`);
  return [
    `The operator's requests per run, ${which}, by the API server's audit log (watches and leases left out):`,
    "",
    ...table(
      ["request", "per run"],
      sorted.map(([kind, count]) => [kind, (count / runs).toFixed(2)]),
    ),
    "",
    `Refused: ${faults.length === 0 ? "none" : faults.join(", ")}. Watches opened again: ${watches}.`,
    "",
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / bytesPerMiB)} MiB`;
}
