import { expect, it } from "vitest";
import type { Job, Pod } from "../domain.ts";
import { managedBy } from "../names.ts";
import { UnusedRunners } from "./unused-runners.ts";

const current = "claude-run-runner-111111111111";
const old = "claude-run-runner-000000000000";
const labels = { "app.kubernetes.io/managed-by": managedBy, "app.kubernetes.io/component": "runner" };

function setUp(metadata: object = { uid: "u", resourceVersion: "7", labels }) {
  const state = { nowMs: 0, jobs: [] as Job[], pods: [] as Pod[], asked: [] as unknown[] };
  const request = (method: string, path: string, { body }: { body?: unknown } = {}): Promise<unknown> => {
    state.asked.push(method === "DELETE" ? [method, path.split("/").at(-1), body] : method);
    return Promise.resolve(method === "GET" ? { metadata } : undefined);
  };
  const unused = new UnusedRunners({
    transport: { request: request, now: () => state.nowMs },
    jobs: { all: () => state.jobs },
    pods: { all: () => state.pods },
    current,
    log: { info: () => undefined, warn: () => undefined } as never,
  });
  const collectLater = async (): Promise<void> => {
    state.nowMs += 300_000;
    await unused.collect();
  };
  return { state, collectLater };
}

const job = (runnerConfigMap: string): Job => ({ namespace: "team", uid: runnerConfigMap, runnerConfigMap }) as Job;

it("deletes another version's runner ConfigMap once, if unchanged, after no Job has used it for two minutes", async () => {
  const { state, collectLater } = setUp();
  state.jobs = [job(old)];
  await collectLater();
  await collectLater();
  state.jobs = [];
  await collectLater();
  expect(state.asked).toEqual([]);
  await collectLater();
  await collectLater();
  expect(state.asked).toEqual(["GET", ["DELETE", old, { preconditions: { uid: "u", resourceVersion: "7" } }]]);
});

it("never deletes that of this version", async () => {
  const { state, collectLater } = setUp();
  state.jobs = [job(current)];
  await collectLater();
  state.jobs = [];
  for (let time = 0; time < 3; time += 1) await collectLater();
  expect(state.asked).toEqual([]);
});

it("keeps a ConfigMap that a Job uses again, or that a pod without a Job may mount", async () => {
  const { state, collectLater } = setUp();
  state.jobs = [job(old)];
  await collectLater();
  state.jobs = [];
  await collectLater();
  state.jobs = [job(old)];
  await collectLater();
  state.jobs = [];
  state.pods = [{ namespace: "team", phase: "Running", container: { kind: "running" } } as Pod];
  for (let time = 0; time < 3; time += 1) await collectLater();
  expect(state.asked).toEqual([]);
});

it("keeps a ConfigMap with that name that the operator did not create", async () => {
  const { state, collectLater } = setUp({ uid: "u", resourceVersion: "7" });
  state.jobs = [job(old)];
  await collectLater();
  state.jobs = [];
  for (let time = 0; time < 3; time += 1) await collectLater();
  expect(state.asked).toEqual(["GET"]);
});
