/** One active run per agent: the queue, priorities, policies and suspension as kubectl shows them. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Stage, verdict } from "./stage.ts";
import type { ClaudeRun } from "../../crds/claude-run.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("queue");
});
afterAll(() => stage.close());

const ms = (time: string | undefined): number => Date.parse(time ?? "");

/** True if b's container started only after a's had ended. */
function cameAfter(b: ClaudeRun, a: ClaudeRun): boolean {
  return ms(b.status?.startTime) >= ms(a.status?.completionTime);
}

it("runs of one agent follow each other by priority and age; another agent's runs beside them", async () => {
  const work = [{ delayMs: 1_500, text: "done" }];
  await stage.create(stage.run("first", work, { agent: "reviewer" }), stage.run("writer", work, { agent: "writer" }));
  await stage.shows("first", "Running");
  await stage.create(
    stage.run("low", work, { agent: "reviewer" }),
    stage.run("high", work, { agent: "reviewer", priority: 5 }),
  );
  const waiting = await stage.shows("low", "AgentBusy");
  expect(waiting.status).toMatchObject({ phase: "Queued", queuePosition: 2 });
  const [first, high, low, writer] = await Promise.all(
    ["first", "high", "low", "writer"].map((name) => stage.ended(name)),
  );
  if (first === undefined || high === undefined || low === undefined || writer === undefined)
    throw new Error("a run is missing");
  expect([first, high, low, writer].map((run) => run.status?.phase)).toEqual(Array(4).fill("Succeeded"));
  expect(cameAfter(high, first)).toBe(true);
  expect(cameAfter(low, high)).toBe(true);
  expect(ms(writer.status?.startTime)).toBeLessThan(ms(first.status?.completionTime));
});

it("Forbid fails at once, Replace takes the place, suspend waits", async () => {
  await stage.create(stage.run("holder", [{ hang: true }], { agent: "solo" }));
  await stage.shows("holder", "Running");
  await stage.create(
    stage.run("asleep", [{ text: "awake" }], { agent: "solo", suspend: true }),
    stage.run("forbidden", [{ text: "never" }], { agent: "solo", concurrencyPolicy: "Forbid" }),
  );
  expect(verdict(await stage.ended("forbidden")).reason).toBe("AgentBusy");
  expect((await stage.shows("asleep", "Suspended")).status?.phase).toBe("Queued");
  await stage.create(stage.run("replacer", [{ text: "mine" }], { agent: "solo", concurrencyPolicy: "Replace" }));
  const replaced = await stage.ended("holder");
  expect(replaced.status).toMatchObject({ phase: "Cancelled" });
  expect(verdict(replaced)).toMatchObject({
    reason: "Replaced",
    message: expect.stringContaining("replacer") as string,
  });
  const replacer = await stage.ended("replacer");
  expect(replacer.status?.phase).toBe("Succeeded");
  // Older waiters are replaced too, suspended or not (of one second the name decides, hence "asleep"). A change after its end does not hide the end from kubectl wait.
  await stage.change("asleep", { suspend: false });
  expect(verdict(await stage.ended("asleep")).reason).toBe("Replaced");
});
