/** Created at a steady rate, for minutes: does what is unfinished stay as little as it was, or does it grow? */
import { setTimeout as wait } from "node:timers/promises";
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
  readonly run: Sustained;
}

/** Plain Jobs at the rate, then ClaudeRuns, an agent for each. */
export async function measureSustained(
  client: Client,
  moments: Moments,
  options: { perSecond: number; seconds: number },
): Promise<Steady> {
  const floor = await measure(client, moments, {
    ...options,
    path: jobsPath,
    body: (index) => plainJob(`steady-floor-${index}`, { lastsMs }),
    name: "steady-floor",
    end: "jobComplete",
  });
  const run = await measure(client, moments, {
    ...options,
    path: runsPath,
    body: (index) => claudeRun(`steady-${index}`, { agent: `steady-${index}`, lastsMs }),
    name: "steady",
    end: "runFinished",
  });
  return { floor, run };
}

interface Plan {
  readonly perSecond: number;
  readonly seconds: number;
  readonly path: string;
  readonly name: string;
  readonly body: (index: number) => object;
  readonly end: "jobComplete" | "runFinished";
}

async function measure(client: Client, moments: Moments, plan: Plan): Promise<Sustained> {
  const { perSecond, seconds, path, name, body, end } = plan;
  const count = perSecond * seconds;
  const unfinished: number[] = [];
  const total: number[] = [];
  let created = 0;
  let finished = 0;
  const sampler = setInterval(() => unfinished.push(created - finished), sampleMs);
  const startedMs = performance.now();
  try {
    const ends: Promise<void>[] = [];
    const answers: Promise<unknown>[] = [];
    for (let index = 0; index < count; index += 1) {
      const dueMs = startedMs + (index * 1_000) / perSecond;
      if (performance.now() < dueMs) await wait(dueMs - performance.now());
      const sentMs = performance.now();
      created += 1;
      answers.push(client.request("POST", path, body(index)));
      const ended = moments.wait(`${name}-${index}`, end, seconds * 1_000 + drainLimitMs).then((ms) => {
        finished += 1;
        total.push(ms - sentMs);
      });
      ends.push(ended);
    }
    const lastMs = performance.now();
    // from here on it can only shrink
    clearInterval(sampler);
    await Promise.all([...answers, ...ends]);
    return { perSecond, seconds, unfinished, total, drainMs: performance.now() - lastMs };
  } finally {
    clearInterval(sampler);
  }
}
