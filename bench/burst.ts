/** Measures many runs at once: time until all have finished, CPU time by process, and memory. */
import { setTimeout as wait } from "node:timers/promises";
import { requestsBetween, type Requests } from "./audit.ts";
import type { BareOperator } from "./bare.ts";
import { connections, type Client } from "./client.ts";
import type { Moments } from "./moments.ts";
import { claudeRun, jobsPath, plainJob, runsPath } from "./objects.ts";
import { cpuMs, memory, usageBetween, usageOf, type Named } from "./proc.ts";

const lastsMs = 1_000;
/** Timeout per run, plus a minute: with Kubernetes' default limits the Job controller creates three pods a second. */
const eachMs = 600;
/** Pause until the Job controller and the garbage collection of the process are idle. */
const restMs = 10_000;

export interface Burst {
  readonly size: number;
  readonly makespanMs: number;
  /** Per run, from its POST to the Job. */
  readonly job: readonly number[];
  /** Per run, from the pod's success to the end of the run (for the floor: of the Job). */
  readonly finished: readonly number[];
  /** Processor time by process, in milliseconds. */
  readonly usage: [name: string, ms: number][];
}

export interface OperatorBurst extends Burst {
  readonly requests: Requests;
  readonly cpuMsPerRun: number;
  readonly memory: { readonly beforeBytes: number; readonly peakBytes: number; readonly afterBytes: number };
}

/** Environment of a burst. */
export interface Bench {
  readonly client: Client;
  readonly moments: Moments;
  readonly processes: readonly Named[];
}

/** Plain Jobs. */
export async function measureFloorBurst(bench: Bench, size: number, name: string): Promise<Burst> {
  const burst = await measure(bench, {
    names: numbered(name, size),
    path: jobsPath,
    body: (each) => plainJob(each, { lastsMs }),
    end: "jobComplete",
  });
  await wait(restMs);
  return burst;
}

/** ClaudeRuns by the bare operator in this process, whose CPU time is part of the benchmark's. */
export async function measureBareBurst({ processes }: Bench, size: number, bareOperator: BareOperator): Promise<Burst> {
  const before = usageOf(processes);
  const burst = await bareOperator.burst(numbered("bare-burst", size), lastsMs);
  const usage = usageBetween(before, usageOf(processes));
  await wait(restMs);
  return { size, ...burst, usage };
}

/** ClaudeRuns, an agent for each. */
export async function measureRunBurst(bench: Bench, size: number, operator: Named): Promise<OperatorBurst> {
  const fromMs = Date.now();
  const beforeBytes = memory(operator.pid).nowBytes;
  const beforeMs = cpuMs(operator.pid);
  const burst = await measure(bench, {
    names: numbered("burst", size),
    path: runsPath,
    body: (name) => claudeRun(name, { agent: name, lastsMs }),
    end: "runFinished",
  });
  await wait(restMs);
  const { nowBytes: afterBytes, peakBytes } = memory(operator.pid);
  return {
    ...burst,
    // includes work after the end: removing finalizers, events of completed Jobs
    cpuMsPerRun: (cpuMs(operator.pid) - beforeMs) / size,
    requests: await requestsBetween(fromMs, Date.now()),
    memory: { beforeBytes, peakBytes, afterBytes },
  };
}

interface Plan {
  readonly names: readonly string[];
  readonly path: string;
  readonly body: (name: string) => object;
  readonly end: "jobComplete" | "runFinished";
}

async function measure({ client, moments, processes }: Bench, { names, path, body, end }: Plan): Promise<Burst> {
  const before = usageOf(processes);
  const sent = new Map<string, number>();
  const startedMs = performance.now();
  const queue = names.values();
  async function sender(): Promise<void> {
    for (const name of queue) {
      sent.set(name, performance.now());
      await client.request("POST", path, body(name));
    }
  }
  await Promise.all(Array.from({ length: connections }, sender));
  const ended = await moments.all(names, end, 60_000 + names.length * eachMs);
  const usage = usageBetween(before, usageOf(processes));
  const jobs = await moments.all(names, "jobAdded");
  const succeeded = await moments.all(names, "podSucceeded");
  return {
    size: names.length,
    makespanMs: Math.max(...ended) - startedMs,
    job: names.map((name, index) => (jobs[index] ?? 0) - (sent.get(name) ?? 0)),
    finished: ended.map((ms, index) => ms - (succeeded[index] ?? 0)),
    usage,
  };
}

function numbered(name: string, size: number): string[] {
  return Array.from({ length: size }, (_, index) => `${name}-${index}`);
}
