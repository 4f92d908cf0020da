/** Runs of one agent, made together: from the end of one to the moment at which the next one's pod is let go. */
import type { Client } from "./client.ts";
import type { Moments } from "./moments.ts";
import { claudeRun, runsPath } from "./objects.ts";

/** Milliseconds of each hand-off: one fewer than runs. */
export async function measureHandOff(client: Client, moments: Moments, runs: number): Promise<number[]> {
  const names = Array.from({ length: runs }, (_, index) => `hand-off-${String(index).padStart(3, "0")}`);
  for (const name of names) {
    await client.request("POST", runsPath, claudeRun(name, { agent: "hand-off", lastsMs: 200 }));
  }
  const finished = await moments.all(names, "runFinished", 60_000 + runs * 2_000);
  const letGo = await moments.all(names, "podLetGo");
  const inTurn = names
    .map((_, index) => ({ letGoMs: letGo[index] ?? 0, finishedMs: finished[index] ?? 0 }))
    .sort((a, b) => a.letGoMs - b.letGoMs);
  return inTurn.slice(1).map(({ letGoMs }, index) => letGoMs - (inTurn[index]?.finishedMs ?? 0));
}
