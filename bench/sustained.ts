/** Creates runs at a steady rate for minutes and measures whether the number of unfinished runs grows. */
import { setTimeout as wait } from "node:timers/promises";
import type { BareOperator } from "./bare.ts";
import type { Client } from "./client.ts";
import type { Moments } from "./moments.ts";
import { claudeRun, jobsPath, plainJob, runsPath } from "./objects.ts";

const lastsMs = 1_000;
const sampleMs = 5_000;
/** Maximum wait after the last creation. */
const drainLimitMs = 600_000;

export interface Sustained {
  readonly perSecond: number;
  readonly seconds: number;
  /** Created and not yet finished, every five seconds. */
  readonly unfinished: readonly number[];
  /** Milliseconds from POST to end, per run. */
  readonly total: readonly number[];
  /** Milliseconds from the last POST to the last end. */
  readonly drainMs: number;
}

export interface Steady {
  readonly floor: Sustained;
  readonly bare?: Sustained;
  readonly run: Sustained;
}

interface Rate {
  readonly perSecond: number;
  readonly seconds: number;
}

/** Measures plain Jobs, the bare operator if given, and ClaudeRuns with an agent each, all at the same rate. */
export async function measureSustained(
  client: Client,
  moments: Moments,
  { bareOperator, ...rate }: Rate & { readonly bareOperator?: BareOperator },
): Promise<Steady> {
  const limitMs = rate.seconds * 1_000 + drainLimitMs;
  const floor = await measure(rate, async (index) => {
    const name = `steady-floor-${index}`;
    await client.request("POST", jobsPath, plainJob(name, { lastsMs }));
    return moments.wait(name, "jobComplete", limitMs);
  });
  const bare =
    bareOperator === undefined
      ? {}
      : { bare: await measure(rate, (index) => bareOperator.runToEnd(`steady-bare-${index}`, lastsMs)) };
  const run = await measure(rate, async (index) => {
    const name = `steady-${index}`;
    await client.request("POST", runsPath, claudeRun(name, { agent: name, lastsMs }));
    return moments.wait(name, "runFinished", limitMs);
  });
  return { floor, ...bare, run };
}

/** `live` creates one run and resolves to the time of its end. */
async function measure({ perSecond, seconds }: Rate, live: (index: number) => Promise<number>): Promise<Sustained> {
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
    // the number can only shrink now
    clearInterval(sampler);
    await Promise.all(ends);
    return { perSecond, seconds, unfinished, total, drainMs: performance.now() - lastMs };
  } finally {
    clearInterval(sampler);
  }
}
