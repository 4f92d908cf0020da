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

it.concurrent("runs of one agent follow each other by priority and age; another agent's runs beside them", async () => {
  const work = [{ delayMs: 1_500, text: "done" }];
  // Long enough for the others to be seen behind it on a busy machine.
  const longest = stage.run("first", [{ delayMs: 10_000, text: "done" }], { agent: "reviewer" });
  await stage.create(longest, stage.run("writer", work, { agent: "writer" }));
  await stage.shows("first", "Running");
  await stage.create(
    stage.run("low", work, { agent: "reviewer" }),
    stage.run("high", work, { agent: "reviewer", priority: 5 }),
  );
  // It is seen before the one that overtakes it: its first place is 1.
  await stage.until("the lower priority is second", async () => (await stage.get("low")).status?.queuePosition === 2);
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

it.concurrent("Forbid fails at once, Replace takes the place, suspend waits", async () => {
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

it.concurrent("Forbid does not mind a suspended run, and Replace ends the holder and every older waiter", async () => {
  const agent = "strict";
  await stage.create(stage.run("a-sleeper", [{ text: "awake" }], { agent, suspend: true }));
  await stage.shows("a-sleeper", "Suspended");
  await stage.create(stage.run("b-forbid", [{ hang: true }], { agent, concurrencyPolicy: "Forbid" }));
  await stage.shows("b-forbid", "Running");
  await stage.create(stage.run("c-waiter", [{ text: "never" }], { agent }));
  await stage.shows("c-waiter", "AgentBusy");
  await stage.create(stage.run("d-replace", [{ text: "mine" }], { agent, concurrencyPolicy: "Replace" }));
  for (const name of ["a-sleeper", "b-forbid", "c-waiter"])
    expect(verdict(await stage.ended(name)), name).toMatchObject({
      reason: "Replaced",
      message: expect.stringContaining("d-replace") as string,
    });
  expect((await stage.ended("d-replace")).status?.phase).toBe("Succeeded");
});

it.concurrent("suspend and resume while queued; on an admitted run it does nothing and says so", async () => {
  const agent = "sleepy";
  await stage.create(stage.run("works", [{ delayMs: 20_000, text: "done" }], { agent }));
  await stage.shows("works", "Running");
  await stage.create(
    stage.run("pauses", [{ text: "late" }], { agent }),
    stage.run("passes", [{ text: "soon" }], { agent }),
  );
  await stage.shows("pauses", "AgentBusy");
  await stage.change("pauses", { suspend: true });
  await stage.shows("pauses", "Suspended");
  await stage.change("works", { suspend: true });
  await stage.until("describe says that it has no effect", async () =>
    (await stage.kubectl("describe", "clauderun", "works")).includes("spec.suspend has no effect on an admitted run"),
  );
  expect((await stage.ended("works")).status?.phase).toBe("Succeeded");
  expect((await stage.ended("passes")).status?.phase).toBe("Succeeded");
  expect((await stage.get("pauses")).status?.phase).toBe("Queued");
  await stage.change("pauses", { suspend: false });
  expect((await stage.ended("pauses")).status?.phase).toBe("Succeeded");
});

it.concurrent("suspended time counts for the queue deadline", async () => {
  await stage.create(stage.run("forgotten", [{ text: "never" }], { suspend: true, queueDeadlineSeconds: 5 }));
  expect(verdict(await stage.ended("forgotten")).reason).toBe("QueueDeadlineExceeded");
});

it.concurrent("tells the sixth in the queue its place within a minute of each other", async () => {
  const agent = "popular";
  await stage.create(stage.run("popular-0", [{ hang: true }], { agent }));
  await stage.shows("popular-0", "Running");
  await stage.create(...[1, 2, 3, 4, 5, 6, 7].map((n) => stage.run(`popular-${n}`, [{ hang: true }], { agent })));
  await stage.shows("popular-7", "AgentBusy");
  const place = async (name: string): Promise<number | undefined> => (await stage.get(name)).status?.queuePosition;
  const before = await place("popular-7");
  await stage.change("popular-1", { cancel: true });
  await stage.until("the last one has moved up", async () => (await place("popular-7")) === 6, 100);
  expect([6, 7]).toContain(before);
});
