/** One run after the other on an idle cluster, each after a plain Job: latencies, and requests per run. */
import { setTimeout as wait } from "node:timers/promises";
import { requestsBetween, type Requests } from "./audit.ts";
import { BareOperator, type BareFigures } from "./bare.ts";
import type { Client } from "./client.ts";
import type { Moments } from "./moments.ts";
import { claudeRun, jobsPath, plainJob, runsPath } from "./objects.ts";

const lastsMs = 200;

/** Milliseconds, one value per run or Job. */
export interface IdleFigures {
  readonly floor: { readonly job: number[]; readonly pod: number[]; readonly finished: number[] };
  readonly run: {
    /** The ClaudeRun's own event: before it no operator can begin. */
    readonly seen: number[];
    readonly job: number[];
    readonly letGo: number[];
    readonly finished: number[];
  };
  /** The same requests, by a program that does nothing else. */
  readonly bare: BareFigures;
  readonly requests: Requests;
  readonly runs: number;
}

/** Measures `runs` ClaudeRuns and as many Jobs, in turn. */
export async function measureIdle(
  { client, moments, bareOperator }: { client: Client; moments: Moments; bareOperator: BareOperator },
  runs: number,
): Promise<IdleFigures> {
  const floor: IdleFigures["floor"] = { job: [], pod: [], finished: [] };
  const run: IdleFigures["run"] = { seen: [], job: [], letGo: [], finished: [] };
  const bare: BareFigures = { job: [], letGo: [], finished: [], handOff: [] };
  const fromMs = Date.now();
  for (let index = 0; index < runs; index += 1) {
    await measureFloor(client, moments, { name: `floor-${index}`, into: floor });
    await bareOperator.measure(`bare-${index}`, lastsMs, bare);
    await measureRun(client, moments, { name: `idle-${index}`, into: run });
  }
  // the release of the last pod comes after its run has finished
  await wait(500);
  return { floor, run, bare, requests: await requestsBetween(fromMs, Date.now()), runs };
}

/**
 * Connections, compiled code, the namespace's ConfigMap: the first runs pay for what none after them does. Returns who
 * sends the same requests without an operator.
 */
export async function warmUp(client: Client, moments: Moments): Promise<BareOperator> {
  const unused = { seen: [], job: [], pod: [], letGo: [], finished: [] };
  for (let index = 0; index < 3; index += 1) {
    await measureFloor(client, moments, { name: `warm-floor-${index}`, into: unused });
    await measureRun(client, moments, { name: `warm-${index}`, into: unused });
  }
  const bare = await BareOperator.like(client, "warm-0");
  for (let index = 0; index < 3; index += 1) {
    await bare.measure(`warm-bare-${index}`, lastsMs, { job: [], letGo: [], finished: [], handOff: [] });
  }
  return bare;
}

async function measureFloor(
  client: Client,
  moments: Moments,
  { name, into }: { name: string; into: IdleFigures["floor"] },
): Promise<void> {
  const sentMs = performance.now();
  await client.request("POST", jobsPath, plainJob(name, { lastsMs }));
  const completeMs = await moments.wait(name, "jobComplete");
  into.job.push((await moments.wait(name, "jobAdded")) - sentMs);
  into.pod.push((await moments.wait(name, "podAdded")) - sentMs);
  into.finished.push(completeMs - (await moments.wait(name, "podSucceeded")));
}

async function measureRun(
  client: Client,
  moments: Moments,
  { name, into }: { name: string; into: IdleFigures["run"] },
): Promise<void> {
  const sentMs = performance.now();
  await client.request("POST", runsPath, claudeRun(name, { agent: name, lastsMs }));
  const finishedMs = await moments.wait(name, "runFinished");
  into.seen.push((await moments.wait(name, "runAdded")) - sentMs);
  into.job.push((await moments.wait(name, "jobAdded")) - sentMs);
  into.letGo.push((await moments.wait(name, "podLetGo")) - sentMs);
  into.finished.push(finishedMs - (await moments.wait(name, "podSucceeded")));
  // The next one shall find an idle cluster: the Job controller still has this Job to close.
  await moments.wait(name, "jobComplete");
}
