/** Rows of figures with floors and goals; goals are for two idle cores. */
import type { Burst } from "./burst.ts";
import type { Kept } from "./kept.ts";
import type { Figures } from "./report.ts";
import type { Rest } from "./rest.ts";
import { milliseconds, seconds, short, summarize } from "./statistics.ts";
import type { Steady, Sustained } from "./sustained.ts";

/** One line of the table. */
export interface Row {
  readonly figure: string;
  readonly floor?: string;
  readonly measured: string;
  readonly goal?: string;
  /** Absent without a goal. */
  readonly isMet?: boolean;
}

const bytesPerMiB = 1024 * 1024;

/** Returns the rows of all measured figures. */
export function rowsOf(figures: Figures): Row[] {
  return [
    ...idleRows(figures),
    ...restRows(figures.rest),
    ...(figures.burst === undefined ? [] : burstRows(figures.burst)),
    ...(figures.sustained === undefined ? [] : sustainedRows(figures.sustained)),
    ...(figures.kept === undefined ? [] : keptRows(figures.kept)),
  ];
}

function idleRows({ idle, handOff, idleBytes }: Figures): Row[] {
  const { floor, bare, run, requests, runs } = idle;
  const writes = requests.writes / runs;
  return [
    { figure: "created → ClaudeRun's own watch event, idle", measured: milliseconds(summarize(run.seen)) },
    timed(`created → Job created, idle, n=${runs}`, {
      ...{ floor: floor.job, bare: bare.job, run: run.job },
      ...{ p50Ms: 10, p99Ms: 25 },
    }),
    timed("created → ungated (floor: pod exists), idle", {
      ...{ floor: floor.pod, bare: bare.ungated, run: run.ungated },
      ...{ p50Ms: 35, p99Ms: 75 },
    }),
    timed("pod Succeeded → result in status (floor: Job Complete)", {
      floor: floor.finished,
      bare: bare.finished,
      run: run.finished,
      p50Ms: 7,
      p99Ms: 15,
    }),
    timed(`hand-off: terminal → next pod ungated, n=${handOff.length}`, {
      bare: bare.handOff,
      run: handOff,
      p50Ms: 60,
      p99Ms: 135,
    }),
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
  options: {
    floor?: readonly number[];
    bare: readonly number[];
    run: readonly number[];
    p50Ms: number;
    p99Ms: number;
  },
): Row {
  const measured = summarize(options.run);
  const job = options.floor === undefined ? "" : `${milliseconds(summarize(options.floor))}; `;
  return {
    figure,
    floor: `${job}bare ${milliseconds(summarize(options.bare))}`,
    measured: milliseconds(measured),
    goal: `≤ ${options.p50Ms} / ${options.p99Ms} ms`,
    isMet: measured.p50 <= options.p50Ms && measured.p99 <= options.p99Ms,
  };
}

function restRows({ seconds: lasted, cpuPercent, requests }: Rest): Row[] {
  const lists = Object.entries(requests.byKind).filter(([kind]) => kind.startsWith("list "));
  return [
    {
      figure: `no work for ${lasted} s: operator's CPU`,
      measured: `${cpuPercent.toFixed(2)} % of a core`,
      goal: "≤ 1 %",
      isMet: cpuPercent <= 1,
    },
    {
      figure: `no work for ${lasted} s: requests except leases and watches`,
      measured: `${requests.writes + requests.reads}, lists ${lists.reduce((sum, [, count]) => sum + count, 0)}`,
      goal: "no lists",
      isMet: lists.length === 0,
    },
  ];
}

function burstRows({ floors, bare, run }: NonNullable<Figures["burst"]>): Row[] {
  const { size, memory, cpuMsPerRun, requests } = run;
  const floorMs = floors.reduce((sum, { makespanMs }) => sum + makespanMs, 0) / floors.length;
  const ratio = run.makespanMs / floorMs;
  const jobMs = summarize(run.job).p99;
  const resultMs = summarize(run.finished).p99;
  const p99 = (of: (burst: Pick<Burst, "job" | "finished">) => readonly number[]): string =>
    seconds(summarize(floors.flatMap((floor) => of(floor))).p99) +
    (bare === undefined ? "" : `; bare ${seconds(summarize(of(bare)).p99)}`);
  return [
    {
      figure: `${size} at once: all finished after`,
      floor: [
        floors.map(({ makespanMs }) => seconds(makespanMs)).join(", "),
        ...(bare === undefined ? [] : [`bare ${seconds(bare.makespanMs)}`]),
      ].join("; "),
      measured: `${seconds(run.makespanMs)}, ${ratio.toFixed(2)} × floor`,
      goal: "≤ 1.7 × floor",
      isMet: ratio <= 1.7,
    },
    {
      figure: `${size} at once: p99 created → Job`,
      floor: p99(({ job }) => job),
      measured: seconds(jobMs),
      goal: "≤ 2.5 s",
      isMet: jobMs <= 2_500,
    },
    {
      figure: `${size} at once: p99 result in status`,
      floor: p99(({ finished }) => finished),
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

function sustainedRows({ floor, bare, run }: Steady): Row[] {
  const title = `${run.perSecond} a second for ${run.seconds} s`;
  const growth = ({ unfinished }: Sustained): string => quarters(unfinished).map(Math.round).join(", ");
  const total = (each: Sustained): string => milliseconds(summarize(each.total));
  const drain = ({ drainMs }: Sustained): string => seconds(drainMs);
  const withFloors = (of: (each: Sustained) => string): string =>
    of(floor) + (bare === undefined ? "" : `; bare ${of(bare)}`);
  const [, second = 0, , last = 0] = quarters(run.unfinished);
  return [
    {
      figure: `${title}: unfinished, mean of each quarter`,
      floor: withFloors(growth),
      measured: growth(run),
      goal: "not growing",
      // the first quarter starts empty; 25 % more is noise
      isMet: last <= second * 1.25,
    },
    {
      figure: `${title}: created → finished`,
      floor: withFloors(total),
      measured: total(run),
    },
    { figure: `${title}: last one finished after`, floor: withFloors(drain), measured: drain(run) },
  ];
}

/** Returns the means of four equal parts. */
function quarters(values: readonly number[]): number[] {
  const size = Math.ceil(values.length / 4);
  return [0, 1, 2, 3].map((index) => {
    const part = values.slice(index * size, (index + 1) * size);
    return part.reduce((sum, value) => sum + value, 0) / Math.max(1, part.length);
  });
}

function keptRows({ runs, withoutBytes, withBytes, peakBytes }: Kept): Row[] {
  const bytesPer10000 = ((withBytes - withoutBytes) / runs) * 10_000;
  return [
    {
      figure: `operator's RSS 20 s after its start, without and with ${runs} finished runs (peak)`,
      measured: `${mebibytes(withoutBytes)}, ${mebibytes(withBytes)} (${mebibytes(peakBytes)})`,
      goal: "≤ 60 MB more per 10,000",
      isMet: bytesPer10000 <= 60_000_000,
    },
  ];
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / bytesPerMiB)} MiB`;
}
