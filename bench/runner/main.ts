/**
 * Measures the runner against the same program without it: start, latency of a line, throughput, memory. Prints
 * Markdown; exit code 1 if a bound is missed.   node bench/runner/main.ts [--quick]
 */
import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, loadavg } from "node:os";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { short, summarize } from "../statistics.ts";
import { Bench, ended, printing, useOf, type Subject } from "./program.ts";

interface Figure {
  readonly name: string;
  readonly bare: string;
  readonly runner: string;
  readonly value: string;
  readonly bound: string;
  readonly isMet: boolean;
}

const quick = process.argv.includes("--quick");
const rounds = quick ? 7 : 25;
const rateLimited = quick ? 200 : 1000;
const mebibytes = quick ? 256 : 1024;
const bench = new Bench();

/** Returns the milliseconds from the program's start to the stub's first line. */
async function startMs(subject: Subject): Promise<number> {
  const startedMs = performance.now();
  const child = bench.start(subject, `echo '{"type":"system","subtype":"init"}'`);
  if (child.stdout === null) throw new Error("stdout is no pipe");
  let ms = Infinity;
  createInterface(child.stdout).on("line", (line) => {
    if (line.includes("init")) ms = performance.now() - startedMs;
  });
  await ended(child);
  return ms;
}

/** Returns the milliseconds from writing to reading, per line. */
async function latenciesMs(who: Subject): Promise<number[]> {
  const child = bench.start(who, printing("pace", rateLimited, 500));
  if (child.stdout === null) throw new Error("stdout is no pipe");
  const found: number[] = [];
  createInterface(child.stdout).on("line", (line) => {
    const at = /"at":(\d+)/u.exec(line)?.[1];
    if (at !== undefined) found.push((Number(process.hrtime.bigint() / 1000n) - Number(at)) / 1000);
  });
  await ended(child);
  return found;
}

interface Flow {
  readonly perSecond: number;
  readonly peak: number;
  /** MB per second of CPU time, which is independent of other load. */
  readonly perCpuSecond: number;
}

/** Streams `amount` MiB to a reader of at most `readerPerSecond` MiB per second. */
async function flow(who: Subject, amount: number, lineBytes: number, readerPerSecond = Infinity): Promise<Flow> {
  const child = bench.start(who, printing("flood", amount, lineBytes));
  const { stdout } = child;
  if (stdout === null) throw new Error("stdout is no pipe");
  let [bytes, peak, cpu, firstMs, lastMs] = [0, 0, 0, 0, 0];
  const sampler = setInterval(() => {
    const use = useOf(child.pid);
    [peak, cpu] = [Math.max(peak, use.peak), Math.max(cpu, use.cpu)];
  }, 20);
  stdout.on("data", (chunk: Buffer) => {
    firstMs ||= performance.now();
    lastMs = performance.now();
    bytes += chunk.length;
    const aheadMs = (bytes / 2 ** 20 / readerPerSecond) * 1000 - (lastMs - firstMs);
    if (aheadMs < 20) return;
    stdout.pause();
    void delay(aheadMs).then(() => stdout.resume());
  });
  await ended(child);
  clearInterval(sampler);
  return { perSecond: bytes / 1e6 / ((lastMs - firstMs) / 1000), peak, perCpuSecond: bytes / 1e6 / cpu };
}

/** Returns the milliseconds of an empty Node process, which is most of the runner's overhead. */
function nodeMs(): number {
  const found = Array.from({ length: rounds }, () => {
    const startedMs = performance.now();
    execFileSync(process.execPath, ["-e", "0"]);
    return performance.now() - startedMs;
  });
  return summarize(found).p50;
}

async function start(): Promise<Figure> {
  const found: Record<Subject, number[]> = { bare: [], runner: [] };
  for (let round = 0; round < rounds; round++) {
    found.bare.push(await startMs("bare"));
    found.runner.push(await startMs("runner"));
  }
  const [bare, runner] = [summarize(found.bare).p50, summarize(found.runner).p50];
  const name = `start, median (node itself: ${short(nodeMs())} ms)`;
  return figure(name, `${short(bare)} ms`, `${short(runner)} ms`, runner - bare, "ms more", 60);
}

async function latency(): Promise<Figure> {
  const bare = summarize(await latenciesMs("bare"));
  const runner = summarize(await latenciesMs("runner"));
  const shown = (ms: number) => `${ms.toFixed(2)} ms`;
  return figure("latency of a line, median", shown(bare.p50), shown(runner.p50), runner.p50 - bare.p50, "ms more", 5);
}

async function throughput(lineBytes: number): Promise<Figure[]> {
  const bare = await flow("bare", mebibytes, lineBytes);
  const runner = await flow("runner", mebibytes, lineBytes);
  const name = `${mebibytes} MiB in lines of ${lineBytes} bytes`;
  const shown = (each: Flow) => `${Math.round(each.perSecond)} MB/s, ${Math.round(each.perCpuSecond)} per CPU second`;
  return [
    figure(name, shown(bare), shown(runner), runner.perSecond, "MB/s", 200, "least"),
    figure(`${name}: memory`, "—", `${Math.round(runner.peak)} MiB`, runner.peak, "MiB", 128),
  ];
}

async function slowReader(): Promise<Figure> {
  const runner = await flow("runner", mebibytes / 2, 4000, 50);
  const name = `${mebibytes / 2} MiB to a reader of 50 MiB/s: memory`;
  return figure(name, "—", `${Math.round(runner.peak)} MiB`, runner.peak, "MiB", 128);
}

function figure(
  name: string,
  bare: string,
  runner: string,
  value: number,
  unit: string,
  bound: number,
  kind: "most" | "least" = "most",
): Figure {
  const isMet = kind === "most" ? value <= bound : value >= bound;
  return { name, bare, runner, value: `${short(value)} ${unit}`, bound: `at ${kind} ${bound} ${unit}`, isMet };
}

function table(figures: readonly Figure[]): string {
  const rows = figures.map(
    ({ name, bare, runner, value, bound, isMet }) =>
      `| ${name} | ${bare} | ${runner} | ${value} | ${bound} | ${isMet ? "yes" : "**no**"} |`,
  );
  return ["| | bare | runner | | bound | isMet |", "|---|---|---|---|---|---|", ...rows].join("\n");
}

execFileSync(process.execPath, ["tools/build.ts"], { cwd: fileURLToPath(new URL("../../", import.meta.url)) });
try {
  const load = loadavg().map(short).join(", ");
  const machine = `${availableParallelism()} × ${cpus()[0]?.model ?? "?"}`;
  console.log(`Node ${process.versions.node}, ${machine}, load before ${load}\n`);
  const figures = [await start(), await latency(), ...(await throughput(4000)), ...(await throughput(100_000))];
  figures.push(await slowReader());
  console.log(table(figures));
  process.exitCode = figures.every(({ isMet }) => isMet) ? 0 : 1;
} finally {
  bench.remove();
}
