/** Each broken promise is found in a trace that was made up to break it, and none in one that keeps them all. */
import { expect, it } from "vitest";
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import { violationsOf } from "./violations.ts";
import { readChange, type Container, type Seen, type SeenPod, type Trace } from "./trace.ts";

const finished: ClaudeRunStatus = {
  phase: "Succeeded",
  attempt: 1,
  pod: { name: "a-pod", uid: "pod-a" },
  conditions: [
    { type: "Finished", status: "True", reason: "Completed", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" },
  ],
};

function run(uid: string, status: ClaudeRunStatus, gone = false): Seen {
  return { what: "run", uid, name: `run-${uid}`, agent: "reviewer", gone, status };
}

function pod(uid: string, change: Partial<SeenPod> = {}): SeenPod {
  const shape = { gated: false, held: false, deleting: false, phase: "Pending", started: [], gone: false };
  const made = { what: "pod", name: `${uid}-name`, agent: "reviewer", runUid: uid, attempt: "1" } as const;
  return { ...made, uid: `pod-${uid}`, ...shape, ...change };
}

function container(podUid: string, fromUs: number, toUs?: number, id = `c-${podUid}`): Container {
  return { id, podUid, startedUs: fromUs, ...(toUs === undefined ? {} : { exitedUs: toUs, exitCode: 0 }) };
}

const good: Trace = {
  seen: [
    run("a", {}),
    pod("a", { gated: true }),
    run("a", { phase: "Pending", attempt: 1, pod: { name: "a-pod", uid: "pod-a" } }),
    pod("a", { held: true, node: "n", phase: "Running", started: ["c-pod-a"] }),
    pod("a", { held: true, node: "n", phase: "Succeeded", started: ["c-pod-a"] }),
    run("a", finished),
    pod("a", { node: "n", phase: "Succeeded", started: ["c-pod-a"] }),
    run("a", { ...finished, observedGeneration: 2 }),
    run("b", {}),
    pod("b", { gated: true }),
    pod("b", { gated: true, deleting: true }),
    pod("b", { gone: true, gated: true, deleting: true }),
    run("b", {}, true),
    { what: "job", uid: "job-a", name: "job-a", gone: false, deleting: false, finished: true },
  ],
  containers: [container("pod-a", 10, 20)],
  accepted: new Set(["a", "b"]),
  deleted: new Set(["b"]),
  acts: { lookAlikes: new Set(), suspendedJobs: new Set(), changedConfigMaps: new Set() },
};

const after = (...more: Seen[]): Trace => ({ ...good, seen: [...good.seen, ...more] });

it("finds nothing in a trace that keeps every promise", () => {
  expect(violationsOf(good)).toEqual([]);
});

const job = { what: "job", uid: "job-b", name: "job-b", gone: false, deleting: false, finished: false } as const;
const c = { ...pod("c", { node: "n", phase: "Succeeded", started: ["c-pod-c"] }), uid: "pod-c" };
const running = pod("c", { node: "n", phase: "Running" });
const explained = "a run that failed has a known reason, and one that users caused only if they did";

function failed(reason: string, uid = "f"): Seen {
  const failure = { reason, message: "", retryable: true };
  return run(uid, { ...finished, phase: "Failed", pod: { name: "f", uid: "pod-f" }, job: { name: "job-f" }, failure });
}

const bad: readonly [what: string, rule: string, trace: Trace][] = [
  [
    "a container that starts before the last has ended",
    "an agent never has two running containers",
    { ...after(c), containers: [container("pod-a", 10, 20), container("pod-c", 19, 30)] },
  ],
  [
    "a container that starts inside a longer one, after a shorter one",
    "an agent never has two running containers",
    {
      ...after(c, { ...c, uid: "pod-d", started: ["c-pod-d"], runUid: "d" }),
      containers: [container("pod-a", 10, 100), container("pod-c", 101, 200), container("pod-d", 150, 160)],
    },
  ],
  [
    "a container beside one that never ended",
    "an agent never has two running containers",
    { ...after(c), containers: [container("pod-a", 10), container("pod-c", 1_000, 1_100)] },
  ],
  [
    "a pod that is let go while another runs",
    "an agent never has two pods that may run",
    after(pod("c", { node: "n", phase: "Running" }), pod("d"), pod("c", { gone: true }), pod("d", { gone: true })),
  ],
  [
    "a pod that is let go while another with a node is being deleted",
    "an agent never has two pods that may run",
    after(pod("c", { node: "n", deleting: true }), pod("d"), pod("c", { gone: true }), pod("d", { gone: true })),
  ],
  [
    "an attempt with two containers",
    "no attempt starts twice",
    { ...good, containers: [container("pod-a", 10, 20), container("pod-a", 30, 40, "again")] },
  ],
  [
    "an attempt with two pods that ran",
    "no attempt starts twice",
    {
      ...after({ ...c, runUid: "a" }),
      containers: [container("pod-a", 10, 20), container("pod-c", 30, 40)],
    },
  ],
  [
    "a status that names another pod",
    "an attempt has one pod for ever",
    after(run("a", { ...finished, pod: { name: "c", uid: "pod-c" } })),
  ],
  [
    "a phase that changes after the end",
    "what is recorded of a finished run never changes",
    after(run("a", { ...finished, phase: "Failed" })),
  ],
  [
    "an end that is taken back",
    "what is recorded of a finished run never changes",
    after(run("a", { ...finished, conditions: [] })),
  ],
  [
    "a run that never ends",
    "every accepted run that nobody deleted is there and has ended",
    after(run("c", { phase: "Running" })),
  ],
  [
    "an accepted run that nobody ever saw",
    "every accepted run that nobody deleted is there and has ended",
    { ...good, accepted: new Set(["a", "b", "c"]) },
  ],
  [
    "a run that went although nobody deleted it",
    "every accepted run that nobody deleted is there and has ended",
    after(run("a", finished, true)),
  ],
  [
    "a success without a container",
    "a run that succeeded had a container that ended with 0",
    { ...good, containers: [] },
  ],
  [
    "a success of a container that failed",
    "a run that succeeded had a container that ended with 0",
    { ...good, containers: [{ ...container("pod-a", 10, 20), exitCode: 1 }] },
  ],
  ["a gated pod at the end", "nothing is left: no gated or held pod, no open Job", after(pod("c", { gated: true }))],
  [
    "a held pod at the end",
    "nothing is left: no gated or held pod, no open Job",
    after(pod("c", { held: true, phase: "Failed" })),
  ],
  ["an open Job at the end", "nothing is left: no gated or held pod, no open Job", after(job)],
  [
    "a container of a pod that the watch did not show",
    "the trace has no hole",
    { ...good, containers: [...good.containers, container("pod-x", 1, 2)] },
  ],
  ["a container that only the kubelet told of", "the trace has no hole", after(pod("a", { started: ["x"] }))],
  [
    "a second pod of an attempt whose first lost its run-uid",
    "no attempt starts twice",
    {
      ...after({ ...pod("a", { held: true, node: "n", phase: "Succeeded" }), runUid: "" }, { ...c, runUid: "a" }),
      containers: [container("pod-a", 10, 20), container("pod-c", 30, 40)],
    },
  ],
  [
    "a pod that is let go while one runs that lost its agent",
    "an agent never has two pods that may run",
    after(running, { ...running, agent: "" }, pod("d"), { ...running, gone: true }, pod("d", { gone: true })),
  ],
  ["a failure without a reason", explained, after(failed(""))],
  ["a failure with a reason that no table has", explained, after(failed("Whatever"))],
  ["a suspended Job that no user suspended", explained, after(failed("JobSuspended"))],
  ["a changed ConfigMap that no user changed", explained, after(failed("RunnerChanged"))],
  [
    "a look-alike in a run's status",
    "a run never has a pod that a user created",
    {
      ...after(run("c", { ...finished, pod: { name: "look-alike", uid: "pod-x" } })),
      acts: { ...good.acts, lookAlikes: new Set(["look-alike"]) },
    },
  ],
  [
    "a run that waits for a look-alike for ever",
    "every accepted run that nobody deleted is there and has ended",
    {
      ...after(pod("x", { name: "look-alike", held: true }), run("c", { phase: "Queued" })),
      acts: { ...good.acts, lookAlikes: new Set(["look-alike"]) },
    },
  ],
];

it.each(bad)("finds %s", (_, rule, trace) => {
  expect(violationsOf(trace).map((each) => each.rule)).toContain(rule);
});

it("finds nothing in what users did, and in runs that ended for it", () => {
  const lookAlike = pod("a", { uid: "pod-x", name: "look-alike", held: true, node: "n", phase: "Running" });
  const trace = after(
    running,
    lookAlike,
    { ...running, gone: true },
    failed("JobSuspended"),
    failed("RunnerChanged", "g"),
  );
  const acts = {
    lookAlikes: new Set(["look-alike"]),
    suspendedJobs: new Set(["job-f"]),
    changedConfigMaps: new Set(["job-f"]),
  };
  expect(violationsOf({ ...trace, acts, containers: [...good.containers, container("pod-x", 5)] })).toEqual([]);
});

it("reads of an object what the rules ask for", () => {
  const metadata = {
    uid: "u",
    name: "n",
    resourceVersion: "1",
    labels: { "paperclip.io/agent": "reviewer" },
    annotations: { "paperclip.io/run-uid": "r", "paperclip.io/attempt": "2" },
    finalizers: ["batch.kubernetes.io/job-tracking", "paperclip.io/record-result"],
  };
  const status = {
    phase: "Running",
    containerStatuses: [{ containerID: "containerd://abc", state: { running: { startedAt: "now" } } }],
  };
  expect(readChange("pod", { metadata, spec: { nodeName: "node" }, status }, false)).toEqual(
    pod("r", { uid: "u", name: "n", attempt: "2", held: true, node: "node", phase: "Running", started: ["abc"] }),
  );
});

it("counts a container that has run, and none that could not be started", () => {
  const metadata = { uid: "u", name: "n", resourceVersion: "1" };
  const started = (startedAt: string): unknown => {
    const state = { terminated: { startedAt } };
    const seen = readChange(
      "pod",
      { metadata, status: { containerStatuses: [{ containerID: "c://x", state }] } },
      false,
    );
    return "started" in seen ? seen.started : undefined;
  };
  expect(started("2026-01-01T12:00:00Z")).toHaveLength(1);
  expect(started("1970-01-01T00:00:00Z")).toEqual([]);
});
