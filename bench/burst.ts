/** Everything at once: how long until all have finished, who had the processor meanwhile, what it left in memory. */
import { setTimeout as wait } from "node:timers/promises";
import { requestsBetween, type Requests } from "./audit.ts";
import type { BareOperator } from "./bare.ts";
import { connections, type Client } from "./client.ts";
import type { Moments } from "./moments.ts";
import { claudeRun, jobsPath, plainJob, runsPath } from "./objects.ts";
import { cpuMs, memory, usageBetween, usageOf, type Named } from "./proc.ts";

const lastsMs = 1_000;
/** Beside a minute for all, each may take so long: with Kubernetes' own limits the Job controller makes three a second. */
const eachMs = 600;
/** After this the Job controller and the garbage collection of the process have come to rest. */
const restMs = 10_000;

export interface Burst {
  readonly size: number;
  readonly makespanMs: number;
  /** From its own POST to the Job, each. */
  readonly job: readonly number[];
  /** From the pod's success to the run's (the floor: the Job's) end, each. */
  readonly finished: readonly number[];
  /** Processor time by process, in milliseconds. */
  readonly usage: [name: string, ms: number][];
}

export interface OperatorBurst extends Burst {
  readonly requests: Requests;
  readonly cpuMsPerRun: number;
  readonly memory: { readonly beforeBytes: number; readonly peakBytes: number; readonly afterBytes: number };
}

/** What a measurement of many works with. */
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

/** ClaudeRuns without the operator, by whoever sends its requests: its processor time is the benchmark's. */
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
    // with what it does after the end: releasing pods, hearing of Jobs that complete
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
