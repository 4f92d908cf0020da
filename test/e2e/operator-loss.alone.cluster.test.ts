/** The operator goes away: killed without warning at every step of a run's life, or simply not there. Nothing is lost or run twice. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { killOperators } from "./operator-processes.ts";
import { scaleOperator } from "./operator-settings.ts";
import { Stage, type ShownPod } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("operator-loss");
});
afterAll(async () => {
  await scaleOperator(2);
  await stage.close();
});

const started = (pods: readonly ShownPod[]): ShownPod[] =>
  pods.filter(({ status }) =>
    status.containerStatuses?.some(
      ({ state }) => state.running !== undefined || state.terminated?.startedAt !== undefined,
    ),
  );

it("a run created while the operator is down runs when it is back", async () => {
  await scaleOperator(0);
  await stage.create(stage.run("early", [{ text: "here" }]));
  expect((await stage.get("early")).status).toBeUndefined();
  await scaleOperator(2);
  expect((await stage.ended("early")).status?.phase).toBe("Succeeded");
});

it("runs whose pods are deleted and evicted while the operator is down keep what they had done", async () => {
  const evicted = [{ tool: "Bash", input: { command: "true" } }, { hang: true }];
  await stage.create(stage.run("drained", [{ delayMs: 10_000, text: "still here" }]), stage.run("evicted", evicted));
  const [drained, busy] = await Promise.all([stage.shows("drained", "Running"), stage.shows("evicted", "Running")]);
  await scaleOperator(0);
  const pod = drained.status?.pod?.name ?? "";
  await stage.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", `pod/${pod}`, "--timeout=180s");
  await stage.kubectl("delete", "job", drained.status?.job?.name ?? "", "--wait=false");
  const other = busy.status?.pod?.name ?? "";
  await stage.until("its first turn is over", async () =>
    (await stage.kubectl("logs", other)).includes('"tool_result"'),
  );
  await stage.evict(other);
  for (const name of ["drained", "evicted"])
    await stage.until(`${name}: its pod has ended and is being deleted`, async () => {
      const [last] = await stage.pods(name);
      return last?.metadata.deletionTimestamp !== undefined && /Succeeded|Failed/.test(last.status.phase);
    });
  await scaleOperator(2);
  expect((await stage.ended("drained")).status).toMatchObject({ phase: "Succeeded", result: { text: "still here" } });
  expect((await stage.ended("evicted")).status).toMatchObject({
    phase: "Failed",
    failure: { reason: "Evicted", retryable: true },
    result: { turns: 1, costUSD: "0.0006" },
  });
  for (const name of ["drained", "evicted"])
    await stage.until(`${name}: its pod is given back`, async () => (await stage.pods(name)).length === 0);
});

it("a Job whose TTL a user sets to 0 while the operator is down does not take the result away", async () => {
  await stage.create(stage.run("expired", [{ delayMs: 10_000, text: "still here" }]));
  const { status } = await stage.shows("expired", "Running");
  await scaleOperator(0);
  const [job, pod] = [status?.job?.name ?? "", status?.pod?.name ?? ""];
  await stage.kubectl("patch", "job", job, "--type=merge", "-p", '{"spec":{"ttlSecondsAfterFinished":0}}');
  await stage.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", `pod/${pod}`, "--timeout=180s");
  await stage.until("Kubernetes has deleted the Job, or its pod is all that keeps it", async () => {
    const query = [
      "get",
      "job",
      job,
      "--ignore-not-found",
      "-o",
      "jsonpath={.metadata.uid} {.metadata.deletionTimestamp}",
    ];
    const [uid = "", deleted = ""] = (await stage.kubectl(...query)).split(" ");
    return uid === "" || deleted !== "";
  });
  expect((await stage.get("expired")).status?.phase).toBe("Running");
  await scaleOperator(2);
  expect((await stage.ended("expired")).status).toMatchObject({ phase: "Succeeded", result: { text: "still here" } });
  await stage.until(
    "its Job and pod are gone",
    async () => (await stage.kubectl("get", "jobs,pods", "-o", "name", "-l", "paperclip.io/run=expired")) === "",
  );
  await stage.create(stage.run("after-expired", [{ text: "next" }], { agent: "expired" }));
  expect((await stage.ended("after-expired")).status?.phase).toBe("Succeeded");
});

it("killed at every step of a run's life it neither loses a run nor starts one twice", async () => {
  const agents = ["one", "two"];
  const names = agents.flatMap((agent) => [`${agent}-a`, `${agent}-b`]);
  const done = async (count: number): Promise<boolean> => {
    const list = await stage.kubectl(
      "get",
      "clr",
      ...names,
      "-o",
      'jsonpath={range .items[*]}{.status.completionTime}{"\\n"}{end}',
    );
    return list.split("\n").filter((line) => line !== "").length >= count;
  };
  const pods = async (): Promise<ShownPod[]> => (await Promise.all(names.map((name) => stage.pods(name)))).flat();
  const steps: readonly [step: string, reached: () => Promise<boolean>][] = [
    ["the runs exist", async () => (await stage.kubectl("get", "clr", ...names, "-o", "name")).includes("two-b")],
    [
      "a Job exists",
      async () => (await stage.kubectl("get", "jobs", "-l", "paperclip.io/run in (one-a,two-a)", "-o", "name")) !== "",
    ],
    ["a pod exists", async () => (await pods()).length > 0],
    ["a pod was let go", async () => (await pods()).some(({ spec }) => spec.schedulingGates === undefined)],
    ["a container runs", async () => started(await pods()).length > 0],
    ["a run has ended", () => done(1)],
    ["two have ended", () => done(2)],
  ];
  const turns = [
    { tool: "Bash", input: { command: "true" } },
    { delayMs: 1_000, text: "done" },
  ];
  await stage.create(
    ...agents.flatMap((agent) => [`${agent}-a`, `${agent}-b`].map((name) => stage.run(name, turns, { agent }))),
  );
  for (const [step, reached] of steps) {
    await stage.until(step, reached);
    await killOperators();
  }
  for (const name of names) {
    const run = await stage.ended(name, 120);
    expect(run.status, name).toMatchObject({ phase: "Succeeded", attempt: 1, result: { text: "done", turns: 2 } });
    expect(started(await stage.pods(name)), name).toHaveLength(1);
  }
  for (const agent of agents) {
    const [a, b] = await Promise.all([stage.get(`${agent}-a`), stage.get(`${agent}-b`)]);
    const [first, second] = [a, b].sort(
      (x, y) => Date.parse(x.status?.startTime ?? "") - Date.parse(y.status?.startTime ?? ""),
    );
    expect(Date.parse(second?.status?.startTime ?? "")).toBeGreaterThanOrEqual(
      Date.parse(first?.status?.completionTime ?? ""),
    );
  }
});
