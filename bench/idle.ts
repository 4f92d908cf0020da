/** Measures one run after the other on an idle cluster, each after a plain Job: latencies and requests per run. */
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
    /** The ClaudeRun's own watch event, before which no operator can begin. */
    readonly seen: number[];
    readonly job: number[];
    readonly ungated: number[];
    readonly finished: number[];
  };
  /** The same requests from the bare operator. */
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
  const run: IdleFigures["run"] = { seen: [], job: [], ungated: [], finished: [] };
  const bare: BareFigures = { job: [], ungated: [], finished: [], handOff: [] };
  const fromMs = Date.now();
  for (let index = 0; index < runs; index += 1) {
    await measureFloor(client, moments, { name: `floor-${index}`, into: floor });
    await bareOperator.measure(`bare-${index}`, lastsMs, bare);
    await measureRun(client, moments, { name: `idle-${index}`, into: run });
  }
  // the last pod's finalizer is removed after its run has finished
  await wait(500);
  return { floor, run, bare, requests: await requestsBetween(fromMs, Date.now()), runs };
}

/**
 * Warms up, because only the first runs pay for connections, compiled code and the namespace's ConfigMap. Returns
 * the bare operator.
 */
export async function warmUp(client: Client, moments: Moments): Promise<BareOperator> {
  const unused = { seen: [], job: [], pod: [], ungated: [], finished: [] };
  for (let index = 0; index < 3; index += 1) {
    await measureFloor(client, moments, { name: `warm-floor-${index}`, into: unused });
    await measureRun(client, moments, { name: `warm-${index}`, into: unused });
  }
  const bare = await BareOperator.like(client, "warm-0");
  for (let index = 0; index < 3; index += 1) {
    await bare.measure(`warm-bare-${index}`, lastsMs, { job: [], ungated: [], finished: [], handOff: [] });
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
  into.ungated.push((await moments.wait(name, "podUngated")) - sentMs);
  into.finished.push(finishedMs - (await moments.wait(name, "podSucceeded")));
  // Waits for the Job controller, so that the next run finds an idle cluster.
  await moments.wait(name, "jobComplete");
}
