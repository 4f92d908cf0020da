/**
 * A server process with only the adapter: follows many runs at once and prints the memory used.
 *   node bench/adapter/server.ts '{"runs": 50, "config": {…}}'
 */
import { setTimeout as wait } from "node:timers/promises";
import { memory } from "../proc.ts";
import { execute, TimedHost } from "./timed-host.ts";

/** Figures of one server process. */
export interface CrowdFigures {
  readonly runs: number;
  /** Resident memory after one run, before the others. */
  readonly beforeBytes: number;
  /** While all are followed: the median of a minute with a sample every second. */
  readonly followedBytes: number;
  /** The highest from its start to the end of all runs. */
  readonly peakBytes: number;
  /** Lines that arrived in that minute. */
  readonly lines: number;
}

const sampleMs = 1_000;
const sampleCount = 60;

async function follow(runs: number, config: Record<string, unknown>): Promise<CrowdFigures> {
  const first = new TimedHost(config);
  const warming = execute(first.context);
  await first.started;
  first.cancel();
  await warming;
  const beforeBytes = memory(process.pid).nowBytes;
  const hosts = Array.from({ length: runs }, () => new TimedHost(config));
  const results = hosts.map((host) => execute(host.context));
  await Promise.all(
    hosts.map((host, n) =>
      Promise.race([
        host.started,
        results[n]?.then(({ errorMessage }) => {
          throw new Error(`a run has ended before its time: ${errorMessage ?? "?"}\n${host.messages}`);
        }),
      ]),
    ),
  );
  const received = (): number => hosts.reduce((sum, { arrivals }) => sum + arrivals.length, 0);
  const before = received();
  const samples: number[] = [];
  for (let n = 0; n < sampleCount; n++) {
    await wait(sampleMs);
    samples.push(memory(process.pid).nowBytes);
  }
  const lines = received() - before;
  for (const host of hosts) host.cancel();
  await Promise.all(results);
  const followedBytes = samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)] ?? 0;
  return { runs, beforeBytes, followedBytes, peakBytes: memory(process.pid).peakBytes, lines };
}

const { runs, config } = JSON.parse(process.argv[2] ?? "{}") as { runs: number; config: Record<string, unknown> };
process.stdout.write(`${JSON.stringify(await follow(runs, config))}\n`);
process.exit(0);
