/** The brakes: how many runs are active at once, and admission that is paused, both changed by a restart. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { configureOperator } from "./operator-settings.ts";
import { Stage, verdict } from "./stage.ts";

let stage: Stage;
let other: Stage;
beforeAll(async () => {
  stage = await Stage.open("brakes");
  other = await Stage.open("brakes-other");
});
afterAll(async () => {
  await configureOperator({ MAX_ACTIVE_RUNS: "", MAX_ACTIVE_RUNS_PER_NAMESPACE: "", ADMISSION: "open" });
  await stage.close();
  await other.close();
});

const forever = [{ hang: true }];
const brief = [{ text: "done" }];

it("admits as many runs as may be active, then namespaces in turn, and more as soon as the limit is raised", async () => {
  await configureOperator({ MAX_ACTIVE_RUNS: "2" });
  await stage.create(stage.run("one", forever), stage.run("two", forever));
  await Promise.all([stage.shows("one", "Running"), stage.shows("two", "Running")]);
  await stage.create(stage.run("low", forever));
  await other.create(other.run("high", forever, { priority: 5 }));
  const low = await stage.shows("low", "ActiveRunsLimit");
  expect(low.status).toMatchObject({ phase: "Queued", queuePosition: 1 });
  expect(verdict(low).message).toMatch(/^Waiting for capacity: .* maxActiveRuns is 2 \(all namespaces\)/);
  await other.shows("high", "ActiveRunsLimit");
  expect(await stage.pods("low")).toEqual([]);

  await stage.change("one", { cancel: true });
  // Its namespace has waited for longer: a priority counts within a namespace only.
  await stage.shows("low", "Running");
  expect((await other.get("high")).status?.phase).toBe("Queued");

  await configureOperator({ MAX_ACTIVE_RUNS: "3" });
  await other.shows("high", "Running");
});

it("counts what runs already when it starts with a lower limit, and ends none of it", async () => {
  await configureOperator({ MAX_ACTIVE_RUNS: "", MAX_ACTIVE_RUNS_PER_NAMESPACE: "1" });
  await stage.create(stage.run("third", brief));
  await other.create(other.run("second", brief));
  const third = await stage.shows("third", "ActiveRunsLimit");
  expect(verdict(third).message).toContain(`maxActiveRunsPerNamespace is 1 (namespace ${stage.namespace})`);
  await other.shows("second", "ActiveRunsLimit");
  expect((await stage.get("low")).status?.phase).toBe("Running");
  // One namespace's place is no other's.
  await other.change("high", { cancel: true });
  expect((await other.ended("second")).status?.phase).toBe("Succeeded");
  expect((await stage.get("third")).status?.phase).toBe("Queued");
  for (const name of ["two", "low"]) await stage.change(name, { cancel: true });
  expect((await stage.ended("third")).status?.phase).toBe("Succeeded");
});

it("while admission is paused what runs goes on and nothing begins", async () => {
  await stage.create(stage.run("before", [{ delayMs: 5_000, text: "done" }]));
  await stage.shows("before", "Running");
  await configureOperator({ MAX_ACTIVE_RUNS_PER_NAMESPACE: "", ADMISSION: "paused" });
  await stage.create(stage.run("during", brief));
  await stage.shows("during", "OperatorPaused");
  expect((await stage.ended("before")).status?.phase).toBe("Succeeded");
  expect(await stage.pods("during")).toEqual([]);
  await configureOperator({ ADMISSION: "open" });
  expect((await stage.ended("during")).status?.phase).toBe("Succeeded");
});
