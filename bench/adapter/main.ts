/**
 * `npm run bench:adapter`: measures the Paperclip adapter as its host does: the bundle, real pods, the operator
 * installed by the chart. A program that writes timestamped lines replaces claude. Started by `test/cluster/cluster
 * run` on the cluster of the tests.
 */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import setUpCluster from "../../test/cluster/vitest-setup.ts";
import { Client } from "../client.ts";
import { OptionError } from "../options.ts";
import { environmentOf } from "../setting.ts";
import { measureLatency } from "./latency.ts";
import { measureLog } from "./log.ts";
import { readOptions, usage, type Options } from "./options.ts";
import { report, type Figures } from "./report.ts";
import type { CrowdFigures } from "./server.ts";
import { Setting } from "./setting.ts";

const server = fileURLToPath(new URL("server.ts", import.meta.url));
/** Long enough until all runs have started and a minute has passed. */
const crowdRate = { lines: 3_600, everyMs: 1_000 };

/** Load of the machine before the benchmark. */
process.env["BENCH_LOAD"] ??= (loadavg()[0] ?? 0).toFixed(2);

function printLine(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

async function measure(options: Options, client: Client, setting: Setting): Promise<Figures> {
  printLine(`${options.runs} runs one after the other, with a Job and a bare ClaudeRun before each`);
  const latency = await measureLatency(client, setting, options.runs);
  printLine(`one run that writes a line every 50 ms for ${options.logSeconds} s`);
  const log = await measureLog(client, setting, options.logSeconds);
  const crowd = options.crowd === 0 ? {} : { crowd: await measureCrowd(setting, options.crowd) };
  return { setting: await environmentOf(client), latency, log, ...crowd };
}

/** In a separate process, because this one has used memory already. */
async function measureCrowd(setting: Setting, runs: number): Promise<CrowdFigures> {
  printLine(`${runs} runs at once, followed by one process for a minute`);
  const input = JSON.stringify({ runs, config: setting.agentConfig(crowdRate) });
  const { stdout } = await promisify(execFile)(process.execPath, [server, input], { timeout: 900_000 });
  return JSON.parse(stdout) as CrowdFigures;
}

async function bench(options: Options): Promise<void> {
  await setUpCluster();
  const client = await Client.open();
  const setting = await Setting.open();
  const stopped = Promise.withResolvers<never>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => stopped.reject(new Error(`stopped by ${signal}`)));
  }
  try {
    const figures = await Promise.race([measure(options, client, setting), stopped.promise]);
    process.stdout.write(`${report(figures)}\n`);
    if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, `${JSON.stringify(figures)}\n`);
  } finally {
    await setting.close();
    await client.close();
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) process.stdout.write(`${usage}\n`);
  else await bench(options);
  process.exit(0);
} catch (error) {
  printLine(error instanceof OptionError ? `${error.message} (--help shows all options)` : String(error));
  process.exit(error instanceof OptionError ? 2 : 1);
}
