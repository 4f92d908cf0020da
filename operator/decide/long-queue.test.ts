import { describe, expect, test } from "vitest";
import { queuedReasons } from "../../crds/reasons.ts";
import type { Run } from "../domain.ts";
import { anAdmittedRun, aPod, aPodOnNode, aRun, nowMs, observed } from "../testing/builders.ts";
import { decide } from "./decide.ts";
import * as status from "./status.ts";

/** More than any agent should have, but a tenant can create as many. */
const many = 30_000;
/** Current queue positions, and the other decisions of a reconcile. */
const maxGroups = 1_000 + 206;
/** Decisions take about 0.1 s here; a quadratic algorithm would take minutes. */
const deadlineMs = 20_000;

const why = { reason: "AgentBusy", message: queuedReasons.AgentBusy } as const;
const names = Array.from({ length: many }, (_, i) => `run-${String(i).padStart(6, "0")}`);

function newRuns(facts: Parameters<typeof aRun>[1] = {}): Run[] {
  return names.map((name) => aRun(name, facts));
}

/** Runs with the statuses that the operator writes. */
function queuedRuns(facts: Parameters<typeof aRun>[1] = {}): Run[] {
  return newRuns(facts).map((run, i) => ({ ...run, status: status.queued(run, { ...why, position: i + 1 }, nowMs) }));
}

function within<T>(act: () => T): T {
  const beganMs = performance.now();
  const result = act();
  expect(performance.now() - beganMs).toBeLessThan(deadlineMs);
  return result;
}

describe("an agent with 30,000 queued runs", () => {
  test("gets its first statuses in bounded batches, the next runs first", () => {
    const runs = newRuns();
    const { groups, requeueAtMs } = within(() => decide(observed({ runs })));
    expect(groups.length).toBeLessThanOrEqual(maxGroups);
    expect(groups[0]?.[0]).toMatchObject({ do: "createJob", run: { name: names[0] } });
    expect(requeueAtMs).toBe(nowMs + 250);
  });

  test("costs nothing for runs whose status is up to date", () => {
    const runs = queuedRuns();
    const { groups, requeueAtMs } = within(() => decide(observed({ runs })));
    expect(groups.length).toBeLessThanOrEqual(maxGroups);
    expect(requeueAtMs).toBeUndefined();
  });

  test("writes only the first positions when the slot is handed over", () => {
    const holder = anAdmittedRun("holder");
    const runs = [...queuedRuns().slice(1), holder];
    const { groups } = within(() => decide(observed({ runs, pods: [aPodOnNode(holder)] })));
    expect(groups.length).toBeLessThanOrEqual(maxGroups);
    const written = groups.flat().flatMap((each) => (each.do === "updateStatus" ? [each.run.name] : []));
    expect(written).not.toContain(names[2_000]);
  });

  test("ends the last run in the same reconcile if it is cancelled", () => {
    const runs = queuedRuns();
    const last = { ...runs[many - 1], generation: 2 } as Run;
    runs[many - 1] = { ...last, spec: { ...last.spec, cancel: true } };
    const ends = decide(observed({ runs })).groups.flat();
    expect(ends).toContainEqual(expect.objectContaining({ do: "updateStatus", run: runs[many - 1] }));
  });

  test.each([
    ["that are cancelled", { cancel: true }],
    ["that are suspended", { suspend: true }],
    ["that replace each other", { concurrencyPolicy: "Replace" }],
    ["that forbid each other", { concurrencyPolicy: "Forbid" }],
    ["that are suspended and forbid each other", { concurrencyPolicy: "Forbid", suspend: true }],
    ["that are past their deadlines", { queueDeadlineSeconds: 1 }],
  ] as const)("%s: one reconcile acts on a few of them", (_, facts) => {
    const { groups, requeueAtMs } = within(() => decide(observed({ runs: newRuns(facts) })));
    expect(groups.length).toBeLessThanOrEqual(maxGroups);
    expect(requeueAtMs).toBe(nowMs + 250);
  });

  test("requeues at the earliest of many deadlines without a stack overflow", () => {
    const runs = Array.from({ length: 5 }, (_, i) => queuedRuns({ queueDeadlineSeconds: 1_000 + i })).flat();
    expect(within(() => decide(observed({ runs }))).requeueAtMs).toBeLessThan(nowMs + 1_000_000);
  });

  test("decides in time even if users created as many pods", () => {
    const runs = queuedRuns();
    const pods = runs.map((run) => aPod(run, { isGated: false, phase: "Pending", uid: `pod-${run.uid}` }));
    within(() => decide(observed({ runs, pods })));
  });
});
