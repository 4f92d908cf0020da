/** One run after the other on an idle cluster, each after a plain Job: latencies, and requests per run. */
import { setTimeout as wait } from "node:timers/promises";
import { requestsBetween, type Requests } from "./audit.ts";
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
  readonly requests: Requests;
  readonly runs: number;
}

/** Measures `runs` ClaudeRuns and as many Jobs, in turn. */
export async function measureIdle(client: Client, moments: Moments, runs: number): Promise<IdleFigures> {
  const floor: IdleFigures["floor"] = { job: [], pod: [], finished: [] };
  const run: IdleFigures["run"] = { seen: [], job: [], letGo: [], finished: [] };
  await warmUp(client, moments);
  const fromMs = Date.now();
  for (let index = 0; index < runs; index += 1) {
    await measureFloor(client, moments, { name: `floor-${index}`, into: floor });
    await measureRun(client, moments, { name: `idle-${index}`, into: run });
  }
  // the release of the last pod comes after its run has finished
  await wait(500);
  return { floor, run, requests: await requestsBetween(fromMs, Date.now()), runs };
}

/** Connections, compiled code, the namespace's ConfigMap: the first runs pay for what none after them does. */
async function warmUp(client: Client, moments: Moments): Promise<void> {
  const unused = { seen: [], job: [], pod: [], letGo: [], finished: [] };
  for (let index = 0; index < 3; index += 1) {
    await measureFloor(client, moments, { name: `warm-floor-${index}`, into: unused });
    await measureRun(client, moments, { name: `warm-${index}`, into: unused });
  }
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
