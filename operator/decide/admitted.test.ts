import { describe, expect, it } from "vitest";
import {
  aFinishedRun,
  aJob,
  anAdmittedRun,
  anEndedPod,
  aPod,
  aPodOnNode,
  aRun,
  aRunningPod,
  nowMs,
  observed,
} from "../testing/builders.ts";
import { decisionLines, type Row } from "../testing/decision-lines.ts";
import { decide } from "./decide.ts";

const b = aRun("b", { age: 30 });
const admitted = anAdmittedRun("a", { age: 60 });
const unstarted = anAdmittedRun("a", { age: 610, admittedAgo: 601 });

const table: readonly Row[] = [
  // — running —
  {
    name: "a pod without a node is Scheduling",
    given: { runs: [admitted], jobs: [aJob(admitted)], pods: [aPod(admitted, { isGated: false, hasFinalizer: true })] },
    want: ["updateStatus a Pending/Scheduling (debounced)"],
  },
  {
    name: "a pod that fits no node is Unschedulable",
    given: {
      runs: [admitted],
      jobs: [aJob(admitted)],
      pods: [
        aPod(admitted, {
          isGated: false,
          hasFinalizer: true,
          scheduled: { done: false, reason: "Unschedulable", message: "0/1 nodes" },
        }),
      ],
    },
    want: ["updateStatus a Pending/Unschedulable (debounced)"],
  },
  {
    name: "an image that cannot be pulled is ImagePullBackOff, not Running",
    given: {
      runs: [admitted],
      jobs: [aJob(admitted)],
      pods: [
        aPodOnNode(admitted, { container: { kind: "waiting", reason: "ErrImagePull", message: "no such image" } }),
      ],
    },
    want: ["updateStatus a Pending/ImagePullBackOff (debounced)"],
  },
  {
    name: "the image of an injected init container that cannot be pulled is shown the same way",
    given: {
      runs: [admitted],
      jobs: [aJob(admitted)],
      pods: [
        aPodOnNode(admitted, {
          container: { kind: "waiting", reason: "PodInitializing" },
          waitsFor: { name: "mesh-init", reason: "ErrImagePull", message: "no such image" },
        }),
      ],
    },
    want: ["updateStatus a Pending/ImagePullBackOff (debounced)"],
  },
  {
    name: "any other reason of the kubelet is shown",
    given: {
      runs: [admitted],
      jobs: [aJob(admitted)],
      pods: [aPodOnNode(admitted, { container: { kind: "waiting", reason: "CreateContainerConfigError" } })],
    },
    want: ["updateStatus a Pending/CreateContainerConfigError (debounced)"],
  },
  {
    name: "a pod past the start deadline is stopped with its last known cause",
    given: {
      runs: [unstarted],
      jobs: [aJob(unstarted)],
      pods: [
        aPodOnNode(unstarted, { container: { kind: "waiting", reason: "ImagePullBackOff", message: "no such image" } }),
      ],
    },
    want: ["stop a-pod ImagePullFailed"],
  },
  {
    name: "a pod past the start deadline without a known cause is stopped with StartDeadlineExceeded",
    given: { runs: [unstarted], jobs: [aJob(unstarted)], pods: [aPodOnNode(unstarted)] },
    want: ["stop a-pod StartDeadlineExceeded"],
  },
  {
    name: "a pod past the start deadline is not stopped while the caches catch up after an outage",
    given: {
      runs: [unstarted],
      jobs: [aJob(unstarted)],
      pods: [aPodOnNode(unstarted)],
      catchUpUntilMs: nowMs + 1,
    },
    want: ["updateStatus a Pending/Starting (debounced)"],
  },
  {
    name: "a pod past the start deadline is stopped once the caches have caught up",
    given: { runs: [unstarted], jobs: [aJob(unstarted)], pods: [aPodOnNode(unstarted)], catchUpUntilMs: nowMs },
    want: ["stop a-pod StartDeadlineExceeded"],
  },
  {
    name: "a running pod has no start deadline",
    given: { runs: [anAdmittedRun("a", { admittedAgo: 6010 })], jobs: [aJob(admitted)], pods: [aRunningPod(admitted)] },
    want: ["updateStatus a Running/Running"],
  },
  // — the end —
  {
    name: "an ended pod's result is recorded, then its finalizer is removed",
    given: { runs: [admitted], jobs: [aJob(admitted)], pods: [anEndedPod(admitted, { report: {} })] },
    want: ["updateStatus a Succeeded/Completed", "removeFinalizer a-pod"],
  },
  {
    name: "the finalizer is removed later if another run waits for the slot",
    given: { runs: [admitted, b], jobs: [aJob(admitted)], pods: [anEndedPod(admitted, { report: {} })] },
    want: ["updateStatus a Succeeded/Completed", "updateStatus b Queued/AgentBusy #1"],
  },
  {
    name: "the finalizer of a finished run's pod is removed",
    given: {
      runs: [aFinishedRun("a")],
      jobs: [aJob(admitted, { isFinished: true })],
      pods: [anEndedPod(admitted, { report: {} })],
    },
    want: ["removeFinalizer a-pod"],
  },
  {
    name: "an admitted run without pod and Job in the caches may be lost",
    given: { runs: [admitted] },
    want: ["updateStatusAfterPodLoss a Failed/JobLost"],
  },
  {
    name: "if its Job exists, the pod was deleted",
    given: { runs: [admitted], jobs: [aJob(admitted)] },
    want: ["updateStatusAfterPodLoss a Failed/PodDeleted (if a-job exists)"],
  },
  {
    name: "a pod that is being deleted and has no node can never run: it has ended",
    given: {
      runs: [admitted],
      jobs: [aJob(admitted)],
      pods: [aPod(admitted, { isGated: false, hasFinalizer: true, isDeleting: true })],
    },
    want: ["updateStatus a Failed/PodDeleted (if a-job exists)", "removeFinalizer a-pod"],
  },
  {
    name: "the run of a pod that is being deleted on a node waits for the end of the pod",
    given: { runs: [admitted], jobs: [aJob(admitted)], pods: [aRunningPod(admitted, { isDeleting: true })] },
    want: ["updateStatus a Running/Running"],
  },
  {
    name: "an expired run is deleted",
    given: { runs: [aFinishedRun("a", { ttlSecondsAfterFinished: 5 })] },
    want: ["deleteRun a"],
  },
  { name: "a finished run without a TTL is kept", given: { runs: [aFinishedRun("a")] }, want: [] },
  {
    name: "only the generation of a finished run with a changed spec is updated",
    given: { runs: [{ ...aFinishedRun("a"), generation: 2 }] },
    want: ["updateStatus a Succeeded/"],
  },
  {
    name: "with an unreachable node the run keeps its last known phase, and both reasons show the node's state",
    given: {
      runs: [admitted, b],
      jobs: [aJob(admitted)],
      pods: [aRunningPod(admitted, { isDeleting: true, nodeUnreachableSinceMs: nowMs - 9_000 })],
    },
    want: ["updateStatus a Running/NodeNotReady", "updateStatus b Queued/PreviousPodNotConfirmed #1"],
  },
];

describe("an admitted run", () => {
  it.each(table)("$name", ({ given, want }) => {
    expect(decisionLines(given)).toEqual(want);
  });

  it("shows a cancel that waits for an unreachable node", () => {
    const stop = { reason: "Cancelled", message: "spec.cancel was set." } as const;
    const run = anAdmittedRun("a", { cancel: true });
    const pods = [aRunningPod(run, { nodeUnreachableSinceMs: nowMs - 9_000, stop })];
    const [first] = decide(observed({ runs: [run], jobs: [aJob(run)], pods })).groups.flat();
    const succeeded =
      first?.do === "updateStatus" ? first.status.conditions?.find(({ type }) => type === "Succeeded") : undefined;
    expect(succeeded?.reason).toBe("NodeNotReady");
    expect(succeeded?.message).toContain(
      "spec.cancel was set. The stop (Cancelled) waits for the node. The run ends when",
    );
  });

  it("shows the progress from the log, and only while it runs", () => {
    const session = { id: "3f2c8a52-8c1e-4a8e-9a39-0d3f1f0b6c11" };
    const sample = { log: { lines: 3, bytes: 30 }, progress: { turns: 1, activity: "Bash" }, session };
    const statusOf = (pod: ReturnType<typeof aRunningPod>): unknown =>
      decide(observed({ runs: [admitted], jobs: [aJob(admitted)], pods: [pod] }))
        .groups.flat()
        .find((decision) => decision.do === "updateStatus")?.status;
    expect(statusOf({ ...aRunningPod(admitted), sample })).toMatchObject(sample);
    expect(statusOf({ ...anEndedPod(admitted), sample })).not.toHaveProperty("progress");
  });
});
