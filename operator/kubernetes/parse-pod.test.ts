import { describe, expect, test } from "vitest";
import { managedMetadata } from "../testing/managed-metadata.ts";
import { verifiedStart } from "../plan/verified-start.ts";
import { parsePod } from "./parse-pod.ts";
import { parseJob } from "./parse.ts";

interface Overrides {
  readonly metadata?: object;
  readonly spec?: object;
  readonly status?: object;
}

/** A pod as the API server sends it, with managed fields. */
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
      ...managedMetadata,
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

const withFinalizer = { finalizers: ["batch.kubernetes.io/job-tracking", "paperclip.io/record-result"] };

describe("a run's pod", () => {
  test("has the mounted runner ConfigMap and the digests that its command requires", () => {
    const runner = { configMap: "claude-run-runner-0123456789ab", directory: "/r", files: { "runner.mjs": "d16e57" } };
    const run = {
      configMap: "fix-login-0f6b2c1d-1",
      directory: "/c",
      files: { "config.json": "c0ff", prompt: "be11" },
    };
    const containers = [
      { name: "proxy", command: ["x"] },
      { name: "claude", command: verifiedStart(runner, run) },
    ];
    const volumes = [{ name: "claude-run-runner", configMap: { name: runner.configMap } }];
    expect(parsePod(rawPod({ spec: { containers, volumes } }))).toMatchObject({
      runnerConfigMap: runner.configMap,
      runDigests: '{"config.json":"c0ff","prompt":"be11"}',
    });
  });

  test("of an older operator requires no digests", () => {
    const command = ["node", "-e", "…", "/run/claude-run/runner/runner.mjs", "d16e57", "claude-run-runner-abc"];
    expect(parsePod(rawPod({ spec: { containers: [{ name: "claude", command }] } }))).not.toHaveProperty("runDigests");
  });

  test.each([
    ["since its node became unreachable", "False", "True", Date.parse("2026-03-01T10:00:59Z")],
    ["not while it is ready", "True", "True", undefined],
    ["not if the kubelet reports that the container is not ready", "False", "False", undefined],
  ])("is unheard of %s", (_, ready, containersReady, want) => {
    const conditions = [
      { type: "Ready", status: ready, lastTransitionTime: "2026-03-01T10:00:59Z" },
      { type: "ContainersReady", status: containersReady },
    ];
    const containerStatuses = [{ name: "claude", state: { running: {} } }];
    expect(
      parsePod(rawPod({ status: { phase: "Running", conditions, containerStatuses } }))?.nodeUnreachableSinceMs,
    ).toBe(want);
  });

  test("that was just created: gated, with only the fields that decisions need", () => {
    expect(parsePod(rawPod())).toEqual({
      kind: "pod",
      hasAnnotations: true,
      namespace: "team",
      name: "fix-login-0f6b2c1d-1-x7k2p",
      uid: "5c9a9a3e-1111-4222-8333-444455556666",
      resourceVersion: "81542",
      createdMs: Date.parse("2026-03-01T10:00:00Z"),
      isDeleting: false,
      agent: "reviewer",
      runName: "fix-login",
      runUid: "0f6b2c1d-6e1f-4c6e-9f57-0a1b2c3d4e5f",
      attempt: 2,
      jobName: "fix-login-0f6b2c1d-1",
      jobUid: "job-uid",
      priority: -7,
      gates: ["paperclip.io/slot"],
      finalizers: ["batch.kubernetes.io/job-tracking"],
      isGated: true,
      hasFinalizer: false,
      phase: "Pending",
      scheduled: { done: false, reason: "SchedulingGated", message: "Scheduling is blocked" },
      container: { kind: "unknown" },
    });
  });

  test("that is ungated, runs, and is being deleted by a drain", () => {
    const pod = parsePod(
      rawPod({
        metadata: { ...withFinalizer, deletionTimestamp: "2026-03-01T10:05:00Z" },
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
      isGated: false,
      hasFinalizer: true,
      isDeleting: true,
      node: "node-1",
      scheduled: { done: true },
      disruption: { reason: "EvictionByEvictionAPI", message: "drained" },
      container: { kind: "running", startedMs: Date.parse("2026-03-01T10:00:09Z") },
    });
  });

  test("that has ended has exit code, signal, message and times", () => {
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
    const pod = parsePod(
      rawPod({ metadata: withFinalizer, status: { phase: "Failed", reason: "Evicted", containerStatuses } }),
    );
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

  test("without a container has no times, although the kubelet reports the epoch", () => {
    const terminated = {
      exitCode: 137,
      reason: "ContainerStatusUnknown",
      startedAt: "1970-01-01T00:00:00Z",
      finishedAt: null,
    };
    const containerStatuses = [{ name: "claude", state: { terminated } }];
    const pod = parsePod(rawPod({ metadata: withFinalizer, status: { phase: "Failed", containerStatuses } }));
    expect(pod?.container).toEqual({ kind: "terminated", exitCode: 137, reason: "ContainerStatusUnknown" });
  });

  test("that waits has the reason", () => {
    const containerStatuses = [{ name: "claude", state: { waiting: { reason: "ErrImagePull", message: "no such" } } }];
    expect(parsePod(rawPod({ status: { containerStatuses } }))?.container).toEqual({
      kind: "waiting",
      reason: "ErrImagePull",
      message: "no such",
    });
  });

  test("that was orphaned has its Job's name from the label", () => {
    const pod = parsePod(rawPod({ metadata: { ownerReferences: undefined, finalizers: undefined } }));
    expect(pod).toMatchObject({ jobName: "fix-login-0f6b2c1d-1", finalizers: [] });
    expect(pod).not.toHaveProperty("jobUid");
  });

  test.each(["Succeeded", "Failed"])("that is %s stays in the cache until its finalizer is removed", (phase) => {
    expect(parsePod(rawPod({ status: { phase } }))).toBeUndefined();
    expect(parsePod(rawPod({ metadata: withFinalizer, status: { phase } }))).toMatchObject({
      phase,
      hasFinalizer: true,
    });
  });
});

describe("values that users may have written", () => {
  test.each([
    ["no labels", { labels: undefined }],
    ["the operator's labels without its annotations", { annotations: undefined }],
    [
      "the operator's annotations without its labels",
      { labels: { "app.kubernetes.io/managed-by": "clauderun-operator" } },
    ],
    ["an empty uid", { annotations: { "paperclip.io/run-uid": "" } }],
  ])("a foreign object with %s is ignored", (_, metadata) => {
    const foreign = { metadata: { ownerReferences: undefined, ...metadata }, spec: { schedulingGates: [] } };
    expect(parsePod(rawPod(foreign))).toBeUndefined();
    expect(parseJob(rawPod(foreign))).toBeUndefined();
  });

  test("a pod of a Job is kept without the operator's annotations, because its Job names the run", () => {
    expect(parsePod(rawPod({ metadata: { annotations: undefined } }))).toMatchObject({
      runUid: "",
      jobUid: "job-uid",
      hasAnnotations: false,
    });
  });

  test.each([
    [{ kind: "Job", name: "fix-login-0f6b2c1d-1", uid: "u", controller: true }],
    [{ apiVersion: "example.com/v1", kind: "Job", name: "j", uid: "u", controller: true }],
    [{ apiVersion: "batch/v1", kind: "Job", name: "j", uid: "u" }],
  ])("%j is no Job that controls it", (owner) => {
    expect(parsePod(rawPod({ metadata: { ownerReferences: [owner] } }))).not.toHaveProperty("jobUid");
  });

  test("an operator's mark counts only with the pod's uid", () => {
    const marked = (uid: string): unknown =>
      rawPod({ metadata: { annotations: { ...managedMetadata.annotations, "paperclip.io/ungated": uid } } });
    expect(parsePod(marked("5c9a9a3e-1111-4222-8333-444455556666"))?.isUngatedByUs).toBe(true);
    expect(parsePod(marked("true"))).not.toHaveProperty("isUngatedByUs");
  });

  test.each(["NaN", "many", "1e999", "1.5", "Infinity"])("attempt and priority %j are 0, never NaN", (text) => {
    const forged = { ...managedMetadata.annotations, "paperclip.io/attempt": text, "paperclip.io/priority": text };
    expect(parsePod(rawPod({ metadata: { annotations: forged } }))).toMatchObject({ attempt: 0, priority: 0 });
  });

  test("the operator's stop is parsed", () => {
    const stop = { reason: "DeadlineExceeded", message: "after 60 s" };
    const annotations = { ...managedMetadata.annotations, "paperclip.io/stop": JSON.stringify(stop) };
    const spec = { activeDeadlineSeconds: 1 };
    expect(parsePod(rawPod({ metadata: { annotations }, spec }))?.stop).toEqual(stop);
    const deleted = { annotations, deletionTimestamp: "2026-03-01T10:05:00Z" };
    expect(parsePod(rawPod({ metadata: deleted }))?.stop).toEqual(stop);
  });

  test.each([undefined, 2, 600])(
    "a stop on a pod that is not ending is ignored (deadline %j)",
    (activeDeadlineSeconds) => {
      const stop = { reason: "Cancelled", message: "forged, or the operator died before it ended the pod" };
      const annotations = {
        ...managedMetadata.annotations,
        "paperclip.io/stop": JSON.stringify(stop),
        "paperclip.io/end-sidecars": "true",
      };
      const pod = parsePod(rawPod({ metadata: { annotations }, spec: { activeDeadlineSeconds } }));
      expect(pod).not.toHaveProperty("stop");
      expect(pod).not.toHaveProperty("isEndingSidecars");
    },
  );

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
    const annotations = { ...managedMetadata.annotations, "paperclip.io/stop": text };
    const spec = { activeDeadlineSeconds: 1 };
    expect(parsePod(rawPod({ metadata: { annotations }, spec }))).not.toHaveProperty("stop");
  });

  test("a stop's message is cut, because the status has a limit", () => {
    const text = JSON.stringify({ reason: "Cancelled", message: "x".repeat(200_000) });
    const annotations = { ...managedMetadata.annotations, "paperclip.io/stop": text };
    const spec = { activeDeadlineSeconds: 1 };
    expect(parsePod(rawPod({ metadata: { annotations }, spec }))?.stop?.message).toHaveLength(2_000);
  });
});

describe("other containers", () => {
  const ended = { terminated: { exitCode: 0, reason: "Completed", finishedAt: "2026-03-01T10:05:00Z" } };
  const running = { running: { startedAt: "2026-03-01T10:00:01Z" } };
  const proxy = { name: "mesh-proxy" };
  const native = { name: "native", restartPolicy: "Always" };
  const claude = { name: "claude" };
  const statusOf = (name: string, state: object): object => ({ name, state });

  test.each([
    ["a plain sidecar that runs", [claude, proxy], [], [statusOf("mesh-proxy", running)], ["mesh-proxy"]],
    [
      "one whose image cannot be pulled",
      [claude, proxy],
      [],
      [statusOf("mesh-proxy", { waiting: { reason: "ImagePullBackOff" } })],
      ["mesh-proxy"],
    ],
    ["one without a status yet", [proxy, claude], [], [], ["mesh-proxy"]],
    ["one that crashed", [claude, proxy], [], [statusOf("mesh-proxy", { terminated: { exitCode: 1 } })], undefined],
    ["none", [claude], [], [], undefined],
    ["a native sidecar", [claude], [native], [], ["native"]],
    ["an ordinary init container, which has ended before", [claude], [{ name: "init" }], [], undefined],
  ])("of a pod whose claude has ended: %s", (_, containers, initContainers, statuses, open) => {
    const spec = { containers, initContainers, schedulingGates: [] };
    const status = { phase: "Running", containerStatuses: [statusOf("claude", ended), ...statuses] };
    expect(parsePod(rawPod({ spec, status }))?.openContainers).toEqual(open);
  });

  test("are ignored while claude runs", () => {
    const status = { phase: "Running", containerStatuses: [statusOf("claude", running), statusOf("proxy", running)] };
    expect(parsePod(rawPod({ spec: { containers: [claude, proxy] }, status }))).not.toHaveProperty("openContainers");
  });

  test("claude waits for an init container that does not start", () => {
    const waiting = { reason: "ImagePullBackOff", message: "no such image" };
    const status = {
      phase: "Pending",
      initContainerStatuses: [statusOf("done", ended), statusOf("mesh-init", { waiting })],
      containerStatuses: [statusOf("claude", { waiting: { reason: "PodInitializing" } })],
    };
    expect(parsePod(rawPod({ status }))?.waitsFor).toEqual({ name: "mesh-init", ...waiting });
  });
});
