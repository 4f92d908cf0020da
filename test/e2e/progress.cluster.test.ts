/** What kubectl shows of a run while it runs: sampled from its log, seldom. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { logReadTimes } from "./audit-log.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("progress");
});
afterAll(() => stage.close());

/** Longer than any interval between two reads; claude refuses a bare sleep. */
const long = { tool: "Bash", input: { command: 'node -e "setTimeout(() => {}, 28000)"' } };

it("shows the tool's name while a tool runs, and turns that grow, by reads that are 15 s apart", async () => {
  await stage.create(stage.run("watched", [long, long, { text: "done" }]));
  const seen = async (turn: number): Promise<boolean> => {
    const { progress, log } = (await stage.get("watched")).status ?? {};
    return progress?.activity === "Bash" && (progress.turns ?? 0) >= turn && (log?.lines ?? 0) > 0;
  };
  await stage.until("the first tool is shown", () => seen(1), 120);
  const { status } = await stage.get("watched");
  expect(status?.session?.id).toMatch(/^[0-9a-f-]{36}$/);
  expect(status?.log?.complete).toBeUndefined();
  await stage.until("the second turn is shown", () => seen(2), 120);
  const ended = await stage.ended("watched");
  expect(ended.status?.progress).toBeUndefined();
  expect(ended.status?.log).toMatchObject({ complete: true });
  const times = await logReadTimes(stage.namespace);
  expect(times.length).toBeGreaterThanOrEqual(2);
  // The tick that asks may come late, never early: the one second is for two clocks' rounding.
  for (const [index, at] of times.slice(1).entries()) expect(at - (times[index] ?? 0)).toBeGreaterThan(14_000);
});
