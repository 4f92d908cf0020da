/** Created at a steady rate, for minutes: does what is unfinished stay as little as it was, or does it grow? */
import { setTimeout as wait } from "node:timers/promises";
import type { BareOperator } from "./bare.ts";
import type { Client } from "./client.ts";
import type { Moments } from "./moments.ts";
import { claudeRun, jobsPath, plainJob, runsPath } from "./objects.ts";

const lastsMs = 1_000;
const sampleMs = 5_000;
/** Behind the last creation this is waited for. */
const drainLimitMs = 600_000;

export interface Sustained {
  readonly perSecond: number;
  readonly seconds: number;
  /** Created and not yet finished, every five seconds. */
  readonly unfinished: readonly number[];
  /** From each one's POST to its end, in milliseconds. */
  readonly total: readonly number[];
  /** From the last POST to the last end. */
  readonly drainMs: number;
}

export interface Steady {
  readonly floor: Sustained;
  readonly bare?: Sustained;
  readonly run: Sustained;
}

interface Pace {
  readonly perSecond: number;
  readonly seconds: number;
}

/** Plain Jobs at the rate, the operator's requests without it if there is who sends them, then ClaudeRuns, an agent for each. */
export async function measureSustained(
  client: Client,
  moments: Moments,
  { bareOperator, ...pace }: Pace & { readonly bareOperator?: BareOperator },
): Promise<Steady> {
  const limitMs = pace.seconds * 1_000 + drainLimitMs;
  const floor = await measure(pace, async (index) => {
    const name = `steady-floor-${index}`;
    await client.request("POST", jobsPath, plainJob(name, { lastsMs }));
    return moments.wait(name, "jobComplete", limitMs);
  });
  const bare =
    bareOperator === undefined
      ? {}
      : { bare: await measure(pace, (index) => bareOperator.live(`steady-bare-${index}`, lastsMs)) };
  const run = await measure(pace, async (index) => {
    const name = `steady-${index}`;
    await client.request("POST", runsPath, claudeRun(name, { agent: name, lastsMs }));
    return moments.wait(name, "runFinished", limitMs);
  });
  return { floor, ...bare, run };
}

/** `live` makes the one with this index and returns the moment of its end. */
async function measure({ perSecond, seconds }: Pace, live: (index: number) => Promise<number>): Promise<Sustained> {
  const count = perSecond * seconds;
  const unfinished: number[] = [];
  const total: number[] = [];
  let created = 0;
  const sampler = setInterval(() => unfinished.push(created - total.length), sampleMs);
  const startedMs = performance.now();
  try {
    const ends: Promise<void>[] = [];
    for (let index = 0; index < count; index += 1) {
      const dueMs = startedMs + (index * 1_000) / perSecond;
      if (performance.now() < dueMs) await wait(dueMs - performance.now());
      const sentMs = performance.now();
      created += 1;
      ends.push(live(index).then((ms) => void total.push(ms - sentMs)));
    }
    const lastMs = performance.now();
    // from here on it can only shrink
    clearInterval(sampler);
    await Promise.all(ends);
    return { perSecond, seconds, unfinished, total, drainMs: performance.now() - lastMs };
  } finally {
    clearInterval(sampler);
  }
}
