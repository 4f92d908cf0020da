import { describe, expect, test } from "vitest";
import { ours } from "../testing/ours.ts";
import { parsePod } from "./parse-pod.ts";
import { parseJob } from "./parse.ts";

interface Overrides {
  readonly metadata?: object;
  readonly spec?: object;
  readonly status?: object;
}

/** A pod as an API server sends it, managed fields and all. */
function rawPod({ metadata, spec, status }: Overrides = {}): unknown {
  return {
    kind: "Pod",
    apiVersion: "v1",
    metadata: {
      name: "fix-login-0f6b2c1d-1-x7k2p",
      generateName: "fix-login-0f6b2c1d-1-",
      namespace: "team",
      uid: "5c9a9a3e-1111-4222-8333-444455556666",
      resourceVersion: "81542",
      generation: 1,
      creationTimestamp: "2026-03-01T10:00:00Z",
      ...ours,
      ownerReferences: [
        { apiVersion: "batch/v1", kind: "Job", name: "fix-login-0f6b2c1d-1", uid: "job-uid", controller: true },
      ],
      finalizers: ["batch.kubernetes.io/job-tracking"],
      managedFields: [{ manager: "kube-controller-manager", operation: "Update", fieldsV1: { "f:metadata": {} } }],
      ...metadata,
    },
    spec: {
      schedulingGates: [{ name: "paperclip.io/slot" }],
      containers: [{ name: "claude", image: "agent:1", env: [{ name: "SECRET", value: "s3cret" }] }],
      ...spec,
    },
    status: {
      phase: "Pending",
      conditions: [
        { type: "PodScheduled", status: "False", reason: "SchedulingGated", message: "Scheduling is blocked" },
      ],
      qosClass: "BestEffort",
      ...status,
    },
  };
}

const held = { finalizers: ["batch.kubernetes.io/job-tracking", "paperclip.io/record-result"] };

describe("a pod of ours", () => {
  test.each([
    ["since its node fell silent", "False", "True", Date.parse("2026-03-01T10:00:59Z")],
    ["not while it is ready", "True", "True", undefined],
    ["not when the kubelet says itself that the container is not ready", "False", "False", undefined],
  ])("is unheard of %s", (_, ready, containersReady, want) => {
    const conditions = [
      { type: "Ready", status: ready, lastTransitionTime: "2026-03-01T10:00:59Z" },
      { type: "ContainersReady", status: containersReady },
    ];
    const containerStatuses = [{ name: "claude", state: { running: {} } }];
    expect(parsePod(rawPod({ status: { phase: "Running", conditions, containerStatuses } }))?.unheardSinceMs).toBe(
      want,
    );
  });

  test("that was just born: gated, with everything that deciding needs and nothing else", () => {
    expect(parsePod(rawPod())).toEqual({
      namespace: "team",
      name: "fix-login-0f6b2c1d-1-x7k2p",
      uid: "5c9a9a3e-1111-4222-8333-444455556666",
      resourceVersion: "81542",
      createdMs: Date.parse("2026-03-01T10:00:00Z"),
      deleting: false,
      agent: "reviewer",
      runName: "fix-login",
      runUid: "0f6b2c1d-6e1f-4c6e-9f57-0a1b2c3d4e5f",
      attempt: 2,
      jobName: "fix-login-0f6b2c1d-1",
      jobUid: "job-uid",
      priority: -7,
      gates: ["paperclip.io/slot"],
      finalizers: ["batch.kubernetes.io/job-tracking"],
      gated: true,
      held: false,
      phase: "Pending",
      scheduled: { done: false, reason: "SchedulingGated", message: "Scheduling is blocked" },
      container: { kind: "unknown" },
    });
  });

  test("that was let go, runs, is being deleted and drained", () => {
    const pod = parsePod(
      rawPod({
        metadata: { ...held, deletionTimestamp: "2026-03-01T10:05:00Z" },
        spec: { schedulingGates: undefined, nodeName: "node-1" },
        status: {
          phase: "Running",
          conditions: [
            { type: "PodScheduled", status: "True" },
            { type: "DisruptionTarget", status: "True", reason: "EvictionByEvictionAPI", message: "drained" },
          ],
          containerStatuses: [
            { name: "sidecar", state: { terminated: { exitCode: 9 } } },
            { name: "claude", state: { running: { startedAt: "2026-03-01T10:00:09Z" } } },
          ],
        },
      }),
    );
    expect(pod).toMatchObject({
      gated: false,
      held: true,
      deleting: true,
      node: "node-1",
      scheduled: { done: true },
      disruption: { reason: "EvictionByEvictionAPI", message: "drained" },
      container: { kind: "running", startedMs: Date.parse("2026-03-01T10:00:09Z") },
    });
  });

  test("that has ended keeps exit code, signal, message and times", () => {
    const terminated = {
      exitCode: 137,
      signal: 9,
      reason: "OOMKilled",
      message: '{"v":1}',
      startedAt: "2026-03-01T10:00:09Z",
      finishedAt: "2026-03-01T10:07:00Z",
      containerID: "containerd://abc",
    };
    const containerStatuses = [{ name: "claude", state: { terminated } }];
    const pod = parsePod(rawPod({ metadata: held, status: { phase: "Failed", reason: "Evicted", containerStatuses } }));
    expect(pod?.reason).toBe("Evicted");
    expect(pod?.container).toEqual({
      kind: "terminated",
      exitCode: 137,
      signal: 9,
      reason: "OOMKilled",
      message: '{"v":1}',
      startedMs: Date.parse("2026-03-01T10:00:09Z"),
      finishedMs: Date.parse("2026-03-01T10:07:00Z"),
    });
  });

  test("whose container never existed is reported with the epoch: no times", () => {
    const terminated = {
      exitCode: 137,
      reason: "ContainerStatusUnknown",
      startedAt: "1970-01-01T00:00:00Z",
      finishedAt: null,
    };
    const containerStatuses = [{ name: "claude", state: { terminated } }];
    const pod = parsePod(rawPod({ metadata: held, status: { phase: "Failed", containerStatuses } }));
    expect(pod?.container).toEqual({ kind: "terminated", exitCode: 137, reason: "ContainerStatusUnknown" });
  });

  test("that waits says why", () => {
    const containerStatuses = [{ name: "claude", state: { waiting: { reason: "ErrImagePull", message: "no such" } } }];
    expect(parsePod(rawPod({ status: { containerStatuses } }))?.container).toEqual({
      kind: "waiting",
      reason: "ErrImagePull",
      message: "no such",
    });
  });

  test("that was orphaned still knows its Job by the label", () => {
    const pod = parsePod(rawPod({ metadata: { ownerReferences: undefined, finalizers: undefined } }));
    expect(pod).toMatchObject({ jobName: "fix-login-0f6b2c1d-1", finalizers: [] });
    expect(pod).not.toHaveProperty("jobUid");
  });

  test.each(["Succeeded", "Failed"])("that is %s leaves the cache once it is given back, not before", (phase) => {
    expect(parsePod(rawPod({ status: { phase } }))).toBeUndefined();
    expect(parsePod(rawPod({ metadata: held, status: { phase } }))).toMatchObject({ phase, held: true });
  });
});

describe("what anybody can have written", () => {
  test.each([
    ["no labels", { labels: undefined }],
    ["our labels without our annotations", { annotations: undefined }],
    ["our annotations without our labels", { labels: { "app.kubernetes.io/managed-by": "clauderun-operator" } }],
    ["an empty uid", { annotations: { "paperclip.io/run-uid": "" } }],
  ])("a stranger with %s is not ours", (_what, metadata) => {
    expect(parsePod(rawPod({ metadata }))).toBeUndefined();
    expect(parseJob(rawPod({ metadata }))).toBeUndefined();
  });

  test.each(["NaN", "many", "1e999", "1.5", "Infinity"])(
    "attempt and priority %j are 0: never not a number",
    (text) => {
      const forged = { ...ours.annotations, "paperclip.io/attempt": text, "paperclip.io/priority": text };
      expect(parsePod(rawPod({ metadata: { annotations: forged } }))).toMatchObject({ attempt: 0, priority: 0 });
    },
  );

  test("our own stop is read", () => {
    const stop = { reason: "DeadlineExceeded", message: "after 60 s" };
    const annotations = { ...ours.annotations, "paperclip.io/stop": JSON.stringify(stop) };
    expect(parsePod(rawPod({ metadata: { annotations } }))?.stop).toEqual(stop);
  });

  test.each([
    "",
    "{",
    "null",
    "7",
    '"Cancelled"',
    "[]",
    '{"reason":"Cancelled"}',
    '{"reason":7,"message":"m"}',
    '{"reason":"Completed","message":"a stop is never a success"}',
    '{"reason":"MadeUp","message":"the status would refuse it for ever"}',
    '{"reason":"toString","message":"nor what every object has"}',
  ])("a forged stop %j is none", (text) => {
    const annotations = { ...ours.annotations, "paperclip.io/stop": text };
    expect(parsePod(rawPod({ metadata: { annotations } }))).not.toHaveProperty("stop");
  });

  test("a stop's message is cut: it goes on into the status", () => {
    const text = JSON.stringify({ reason: "Cancelled", message: "x".repeat(200_000) });
    const annotations = { ...ours.annotations, "paperclip.io/stop": text };
    expect(parsePod(rawPod({ metadata: { annotations } }))?.stop?.message).toHaveLength(2_000);
  });
});
