/**
 * A server process with nothing in it but the adapter: follows many runs at once and says what memory that took.
 *   node bench/adapter/server.ts '{"runs": 50, "config": {…}}'
 */
import { setTimeout as wait } from "node:timers/promises";
import { memory } from "../proc.ts";
import { execute, TimedHost } from "./timed-host.ts";

/** What one server process came to. */
export interface CrowdFigures {
  readonly runs: number;
  /** Resident memory after one run, before the others. */
  readonly beforeBytes: number;
  /** While all are followed: the median of a minute, a look every second. */
  readonly followedBytes: number;
  /** The highest from its start to the end of all runs. */
  readonly peakBytes: number;
  /** Lines that arrived in that minute. */
  readonly lines: number;
}

const lookMs = 1_000;
const looks = 60;

async function follow(runs: number, config: Record<string, unknown>): Promise<CrowdFigures> {
  const first = new TimedHost(config);
  const warming = execute(first.context);
  await first.begun;
  first.cancel();
  await warming;
  const beforeBytes = memory(process.pid).nowBytes;
  const hosts = Array.from({ length: runs }, () => new TimedHost(config));
  const results = hosts.map((host) => execute(host.context));
  await Promise.all(
    hosts.map((host, n) =>
      Promise.race([
        host.begun,
        results[n]?.then(({ errorMessage }) => {
          throw new Error(`a run has ended before its time: ${errorMessage ?? "?"}\n${host.said}`);
        }),
      ]),
    ),
  );
  const seen = (): number => hosts.reduce((sum, { arrivals }) => sum + arrivals.length, 0);
  const before = seen();
  const samples: number[] = [];
  for (let n = 0; n < looks; n++) {
    await wait(lookMs);
    samples.push(memory(process.pid).nowBytes);
  }
  const lines = seen() - before;
  for (const host of hosts) host.cancel();
  await Promise.all(results);
  const followedBytes = samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)] ?? 0;
  return { runs, beforeBytes, followedBytes, peakBytes: memory(process.pid).peakBytes, lines };
}

const { runs, config } = JSON.parse(process.argv[2] ?? "{}") as { runs: number; config: Record<string, unknown> };
process.stdout.write(`${JSON.stringify(await follow(runs, config))}\n`);
process.exit(0);
