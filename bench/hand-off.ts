/** Runs of one agent, created together: from the end of one run until the next one's pod is ungated. */
import type { Client } from "./client.ts";
import type { Moments } from "./moments.ts";
import { claudeRun, runsPath } from "./objects.ts";

/** Returns the milliseconds of each hand-off, one fewer than runs. */
export async function measureHandOff(client: Client, moments: Moments, runs: number): Promise<number[]> {
  const names = Array.from({ length: runs }, (_, index) => `hand-off-${String(index).padStart(3, "0")}`);
  for (const name of names) {
    await client.request("POST", runsPath, claudeRun(name, { agent: "hand-off", lastsMs: 200 }));
  }
  const finished = await moments.all(names, "runFinished", 60_000 + runs * 2_000);
  const ungated = await moments.all(names, "podUngated");
  const inTurn = names
    .map((_, index) => ({ ungatedMs: ungated[index] ?? 0, finishedMs: finished[index] ?? 0 }))
    .sort((a, b) => a.ungatedMs - b.ungatedMs);
  return inTurn.slice(1).map(({ ungatedMs }, index) => ungatedMs - (inTurn[index]?.finishedMs ?? 0));
}
