/** Measures the operator's memory for finished runs, which are kept as a record of cost. */
import { setTimeout as wait } from "node:timers/promises";
import { connections, type Client } from "./client.ts";
import { claudeRun, runsPath } from "./objects.ts";
import { memory } from "./proc.ts";
import type { Program } from "./programs.ts";

/** Time until the operator is idle after its start. */
const settleMs = 20_000;

export interface Kept {
  readonly runs: number;
  /** Memory of a new, idle operator on the same cluster without and with the runs. */
  readonly withoutBytes: number;
  readonly withBytes: number;
  readonly peakBytes: number;
}

interface Options {
  readonly runs: number;
  /** A finished run, whose status is copied. */
  readonly finishedRun: string;
  readonly startOperator: () => Promise<Program>;
}

/** Creates finished runs and measures. Call it while no operator runs. */
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

/** Returns the status of a run whose pod is deleted. */
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
