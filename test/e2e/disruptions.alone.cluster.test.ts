/**
 * What takes a pod from a healthy node: the eviction API, a drain, a pod of higher priority, a taint. Without retries each
 * is a failure that says what to do; with them the run goes on, in the same session where a claim keeps the workspace.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { Stage, verdict } from "./stage.ts";
import { claimName, openWorkspace } from "./workspace.ts";

/** A resource that the node has one of: whoever wants it as well has to take it from somebody. */
const seat = "claude-run.test/seat";
const priorityClass = (name: string) => `claude-run-${name}-${process.pid}`;

let stage: Stage;
let volume: { close: () => Promise<void> };
let node: string;
beforeAll(async () => {
  stage = await Stage.open("disruptions");
  volume = await openWorkspace(stage);
  node = await kubectl(["get", "nodes", "-o", "jsonpath={.items[0].metadata.name}"]);
  const capacity = JSON.stringify({ status: { capacity: { [seat]: "1" } } });
  await kubectl(["patch", "node", node, "--subresource=status", "--type=merge", "-p", capacity]);
  await kubectl(["create", "priorityclass", priorityClass("low"), "--value=-10"]);
  await kubectl(["create", "priorityclass", priorityClass("high"), "--value=10"]);
});
afterAll(async () => {
  await kubectl(["uncordon", node]);
  await stage.close();
  await volume.close();
  await kubectl(["delete", "priorityclass", priorityClass("low"), priorityClass("high")]);
});

const workspace = { persistentVolumeClaim: { claimName, subPath: "work" } };
/** One turn is done; the answer to the second never comes the first time that it is asked for. */
const cutShort = [
  { tool: "Bash", input: { command: "echo once >> turns.txt" } },
  { stall: "headers" as const, times: 1 },
  { text: "went on" },
];

/** Waits until the first turn is over and claude waits for the second. */
async function working(name: string): Promise<string> {
  const { status } = await stage.shows(name, "Running");
  const pod = status?.pod?.name ?? "";
  await stage.until("claude's first turn is over", async () =>
    (await stage.kubectl("logs", pod)).includes('"tool_result"'),
  );
  return pod;
}

const drain = (name: string): Promise<string> =>
  kubectl(["drain", node, `--pod-selector=paperclip.io/run=${name}`, "--delete-emptydir-data", "--timeout=180s"]);

it("an eviction fails a run that has no retries, with what it had done", async () => {
  await stage.create(stage.run("evicted", cutShort));
  const pod = await working("evicted");
  await stage.evict(pod);
  const run = await stage.ended("evicted");
  expect(run.status).toMatchObject({
    phase: "Failed",
    attempt: 1,
    pod: { name: pod, node },
    result: { turns: 1, costUSD: "0.0006", exitCode: 143 },
    failure: { reason: "Evicted", retryable: true },
  });
  expect(run.status?.session?.id).toBeDefined();
  expect(verdict(run).message).toMatch(/Eviction API.*Run it again; set disruptionRetries/u);
  await stage.until("its pod is gone", async () => (await stage.pods("evicted")).length === 0);
});

it("a drained run goes on in the same session once a node takes it, and nobody overtakes it meanwhile", async () => {
  const spec = { agent: "author", workspace, disruptionRetries: 1 };
  await stage.create(stage.run("drained", cutShort, spec));
  const first = await working("drained");
  await stage.create(stage.run("rival", [{ text: "my turn" }], { agent: "author", priority: 9 }));
  await drain("drained");
  const between = await stage.shows("drained", "Unschedulable");
  expect(between.status).toMatchObject({ phase: "Pending", attempt: 2, result: { turns: 1, costUSD: "0.0006" } });
  expect(verdict(await stage.get("rival")).reason).toBe("AgentBusy");
  await kubectl(["uncordon", node]);

  const run = await stage.ended("drained");
  expect(run.status?.result).not.toHaveProperty("incomplete");
  expect(run.status?.pod?.name).toMatch(/-2-[a-z0-9]{5}$/u);
  expect(run.status?.pod?.name).not.toBe(first);
  await expectContinued(run, between);
  const rival = await stage.ended("rival");
  expect(Date.parse(rival.status?.startTime ?? "")).toBeGreaterThanOrEqual(
    Date.parse(run.status?.completionTime ?? ""),
  );
});

/** It ended in the session that it had between its attempts; the API was asked in no other, each time with more of the same conversation. */
async function expectContinued({ status }: ClaudeRun, between: ClaudeRun): Promise<void> {
  expect(status).toMatchObject({
    phase: "Succeeded",
    attempt: 2,
    session: between.status?.session,
    result: { text: "went on", turns: 2, costUSD: "0.0012" },
  });
  const log = await kubectl(["logs", "-n", "fake-api", "deployment/fake-api", "--tail=-1"]);
  const sizes = log
    .split("\n")
    .filter((line) => line.includes(status?.session?.id ?? "no session"))
    .map((line) => (JSON.parse(line) as { messages: number }).messages);
  expect(sizes.length).toBeGreaterThanOrEqual(3);
  expect(sizes.at(-1)).toBeGreaterThan(sizes[1] ?? Infinity);
}

it("a run that is preempted starts anew where no claim keeps its session, and says so", async () => {
  const resources = { limits: { [seat]: "1" } };
  const pod = { priorityClassName: priorityClass("low"), resources };
  await stage.create(stage.run("preempted", [{ delayMs: 12_000, text: "done" }], { pod, disruptionRetries: 1 }));
  await stage.shows("preempted", "Running");
  await stage.create(preemptor());
  await stage.until("the next attempt", async () => (await stage.get("preempted")).status?.attempt === 2);
  await stage.kubectl("wait", "pod/preemptor", "--for=condition=Ready", "--timeout=180s");
  await stage.kubectl("delete", "pod", "preemptor", "--grace-period=0", "--force");
  const run = await stage.ended("preempted");
  expect(run.status).toMatchObject({ phase: "Succeeded", attempt: 2, result: { text: "done" } });
  const events = await stage.kubectl(
    "get",
    "events",
    "--field-selector=reason=Retrying",
    "-o",
    "jsonpath={.items[*].message}",
  );
  expect(events).toMatch(/Attempt 1 of 2 ended: The pod was preempted .*Attempt 2 starts over/u);
});

it("a run that is preempted continues its session where a claim keeps it, at the cost of both attempts", async () => {
  const pod = { priorityClassName: priorityClass("low"), resources: { limits: { [seat]: "1" } } };
  await stage.create(stage.run("resumed", cutShort, { pod, workspace, agent: "resumed", disruptionRetries: 1 }));
  await working("resumed");
  await stage.create(preemptor());
  await stage.until("the next attempt", async () => (await stage.get("resumed")).status?.attempt === 2);
  const between = await stage.get("resumed");
  await stage.kubectl("wait", "pod/preemptor", "--for=condition=Ready", "--timeout=180s");
  await stage.kubectl("delete", "pod", "preemptor", "--grace-period=0", "--force");
  const run = await stage.ended("resumed");
  await expectContinued(run, between);
});

it("preemption fails a run that has no retries", async () => {
  const pod = { priorityClassName: priorityClass("low"), resources: { limits: { [seat]: "1" } } };
  await stage.create(stage.run("displaced", [{ hang: true }], { pod }));
  await stage.shows("displaced", "Running");
  await stage.create(preemptor());
  const run = await stage.ended("displaced");
  expect(run.status?.failure).toMatchObject({ reason: "Preempted", retryable: true });
  expect(verdict(run).message).toContain("give it a priorityClassName or set disruptionRetries");
  await stage.kubectl("delete", "pod", "preemptor", "--grace-period=0", "--force");
});

/** A pod that wants the one seat, and may take it. */
function preemptor(): object {
  const container = {
    name: "sits",
    image: "localhost/claude-run/agent:dev",
    imagePullPolicy: "IfNotPresent",
    command: ["sh", "-c", "while :; do sleep 1; done"],
    resources: { limits: { [seat]: "1" } },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  };
  const securityContext = { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "preemptor", namespace: stage.namespace },
    spec: { priorityClassName: priorityClass("high"), containers: [container], securityContext },
  };
}

it("cancelled while it is being evicted it is cancelled, not tried again", async () => {
  await stage.create(stage.run("given-up", cutShort, { disruptionRetries: 3, agent: "given-up", workspace }));
  const pod = await working("given-up");
  await drain("given-up");
  await stage.shows("given-up", "Unschedulable");
  await stage.change("given-up", { cancel: true, cancelReason: "Ada: enough" });
  const run = await stage.ended("given-up");
  expect(run.status).toMatchObject({ phase: "Cancelled", attempt: 2, result: { turns: 1, costUSD: "0.0006" } });
  expect(run.status?.pod?.name).not.toBe(pod);
  await kubectl(["uncordon", node]);
});
