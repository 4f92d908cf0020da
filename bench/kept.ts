/** Finished runs are kept as a record of cost: what they cost the operator in memory. */
import { setTimeout as wait } from "node:timers/promises";
import { connections, type Client } from "./client.ts";
import { claudeRun, runsPath } from "./objects.ts";
import { memory } from "./proc.ts";
import type { Program } from "./programs.ts";

/** So long after its start the operator has settled. */
const settleMs = 20_000;

export interface Kept {
  readonly runs: number;
  /** A fresh operator's memory on the same cluster without and with them, at rest. */
  readonly withoutBytes: number;
  readonly withBytes: number;
  readonly peakBytes: number;
}

interface Options {
  readonly runs: number;
  /** A run that has finished: its status is what the others are given. */
  readonly finishedRun: string;
  readonly startOperator: () => Promise<Program>;
}

/** Call it while no operator runs: the runs are made as if they had finished long ago. */
export async function measureKept(client: Client, { runs, finishedRun, startOperator }: Options): Promise<Kept> {
  const without = await atRest(startOperator);
  const { status } = (await client.request("GET", `${runsPath}/${finishedRun}`)) as { status: Status };
  const names = Array.from({ length: runs }, (_, index) => `kept-${index}`).values();
  async function maker(): Promise<void> {
    for (const name of names) {
      await client.request(
        "POST",
        runsPath,
        claudeRun(name, { agent: `kept-${Number(name.slice(5)) % 100}`, lastsMs: 0 }),
      );
      await client.request("PATCH", `${runsPath}/${name}/status`, { status: withoutPod(status) });
    }
  }
  await Promise.all(Array.from({ length: connections }, maker));
  const { nowBytes, peakBytes } = await atRest(startOperator);
  return { runs, withoutBytes: without.nowBytes, withBytes: nowBytes, peakBytes };
}

interface Status {
  readonly conditions: readonly { readonly type: string }[];
}

/** As it is once its pod is gone. */
function withoutPod(status: Status): Status {
  const conditions = status.conditions.map((each) =>
    each.type === "LogsAvailable" ? { ...each, status: "False", reason: "PodGone" } : each,
  );
  return { ...status, conditions };
}

async function atRest(startOperator: () => Promise<Program>): Promise<{ nowBytes: number; peakBytes: number }> {
  const operator = await startOperator();
  try {
    await wait(settleMs);
    return memory(operator.pid);
  } finally {
    await operator.stop();
  }
}
