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
import { says, type Row } from "../testing/says.ts";
import { decide } from "./decide.ts";

const b = aRun("b", { age: 30 });
const held = anAdmittedRun("a", { age: 60 });
const unstarted = anAdmittedRun("a", { age: 610, admittedAgo: 601 });

const table: readonly Row[] = [
  // — running —
  {
    name: "a pod without a node is Scheduling",
    given: { runs: [held], jobs: [aJob(held)], pods: [aPod(held, { gated: false, held: true })] },
    want: ["record a Pending/Scheduling (soft)"],
  },
  {
    name: "a pod no node can take is Unschedulable",
    given: {
      runs: [held],
      jobs: [aJob(held)],
      pods: [
        aPod(held, {
          gated: false,
          held: true,
          scheduled: { done: false, reason: "Unschedulable", message: "0/1 nodes" },
        }),
      ],
    },
    want: ["record a Pending/Unschedulable (soft)"],
  },
  {
    name: "an image that does not come is ImagePullBackOff, not Running",
    given: {
      runs: [held],
      jobs: [aJob(held)],
      pods: [aPodOnNode(held, { container: { kind: "waiting", reason: "ErrImagePull", message: "no such image" } })],
    },
    want: ["record a Pending/ImagePullBackOff (soft)"],
  },
  {
    name: "any other word of the kubelet's is passed on",
    given: {
      runs: [held],
      jobs: [aJob(held)],
      pods: [aPodOnNode(held, { container: { kind: "waiting", reason: "CreateContainerConfigError" } })],
    },
    want: ["record a Pending/CreateContainerConfigError (soft)"],
  },
  {
    name: "a pod past the start deadline is stopped for its last known cause",
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
    name: "a pod past the start deadline without a known cause",
    given: { runs: [unstarted], jobs: [aJob(unstarted)], pods: [aPodOnNode(unstarted)] },
    want: ["stop a-pod StartDeadlineExceeded"],
  },
  {
    name: "a running pod has no start deadline",
    given: { runs: [anAdmittedRun("a", { admittedAgo: 6010 })], jobs: [aJob(held)], pods: [aRunningPod(held)] },
    want: ["record a Running/Running"],
  },
  // — the end —
  {
    name: "an ended pod's result is recorded, then the pod is given back",
    given: { runs: [held], jobs: [aJob(held)], pods: [anEndedPod(held, { report: {} })] },
    want: ["record a Succeeded/Completed", "release a-pod"],
  },
  {
    name: "where another waits for the slot the pod is given back after the slot",
    given: { runs: [held, b], jobs: [aJob(held)], pods: [anEndedPod(held, { report: {} })] },
    want: ["record a Succeeded/Completed", "record b Queued/AgentBusy #1"],
  },
  {
    name: "a finished run's pod that was not given back is",
    given: {
      runs: [aFinishedRun("a")],
      jobs: [aJob(held, { finished: true })],
      pods: [anEndedPod(held, { report: {} })],
    },
    want: ["release a-pod"],
  },
  {
    name: "an admitted run whose pod nobody sees may be lost",
    given: { runs: [held] },
    want: ["recordLost a Failed/JobLost"],
  },
  {
    name: "with its Job still there the pod was deleted",
    given: { runs: [held], jobs: [aJob(held)] },
    want: ["recordLost a Failed/PodDeleted (if a-job is there)"],
  },
  {
    name: "a pod that is being deleted and has no node can never run: it has ended",
    given: { runs: [held], jobs: [aJob(held)], pods: [aPod(held, { gated: false, held: true, deleting: true })] },
    want: ["record a Failed/PodDeleted (if a-job is there)", "release a-pod"],
  },
  {
    name: "a pod that is being deleted on a node is waited for",
    given: { runs: [held], jobs: [aJob(held)], pods: [aRunningPod(held, { deleting: true })] },
    want: ["record a Running/Running"],
  },
  {
    name: "an expired run is removed",
    given: { runs: [aFinishedRun("a", { ttlSecondsAfterFinished: 5 })] },
    want: ["removeRun a"],
  },
  { name: "a finished run without a TTL is kept", given: { runs: [aFinishedRun("a")] }, want: [] },
  {
    name: "a finished run that was touched afterwards is stamped with its new generation, and nothing else",
    given: { runs: [{ ...aFinishedRun("a"), generation: 2 }] },
    want: ["record a Succeeded/"],
  },
  {
    name: "a node that does not answer: the phase is the last that is known, the reason says so, the next run too",
    given: {
      runs: [held, b],
      jobs: [aJob(held)],
      pods: [aRunningPod(held, { deleting: true, unheardSinceMs: nowMs - 9_000 })],
    },
    want: ["record a Running/NodeNotReady", "record b Queued/PreviousPodNotConfirmed #1"],
  },
];

describe("a run that was admitted", () => {
  it.each(table)("$name", ({ given, want }) => {
    expect(says(given)).toEqual(want);
  });

  it("what the log said of a running run's progress is recorded, and only while it runs", () => {
    const session = { id: "3f2c8a52-8c1e-4a8e-9a39-0d3f1f0b6c11" };
    const sample = { log: { lines: 3, bytes: 30 }, progress: { turns: 1, activity: "Bash" }, session };
    const statusOf = (pod: ReturnType<typeof aRunningPod>): unknown =>
      decide(observed({ runs: [held], jobs: [aJob(held)], pods: [pod] }))
        .groups.flat()
        .find((decision) => decision.do === "record")?.status;
    expect(statusOf({ ...aRunningPod(held), sample })).toMatchObject(sample);
    expect(statusOf({ ...anEndedPod(held), sample })).not.toHaveProperty("progress");
  });
});
