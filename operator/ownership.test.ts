import { describe, expect, it } from "vitest";
import type { Job, Pod, Run } from "./domain.ts";
import { ownedOnly } from "./ownership.ts";
import { aFinishedRun, aJob, anAdmittedRun, aPod, aPodOnNode, aRun, aRunningPod } from "./testing/builders.ts";

const run = aRun("a");
const admitted = anAdmittedRun("a");
const unmarked = { runUid: "", runName: "", attempt: 1 };
const byHand = (facts: Partial<Pod> = {}): Pod => {
  const { jobUid, ...pod } = aPod(run, { name: "by-hand", uid: "by-hand", ...facts });
  return jobUid === undefined ? aPod(run) : pod;
};

/** The Job of attempt 1 by its name; no cache shows it. */
const named = { jobName: "a-uid-a-1", jobUid: "unseen" };

const table: readonly { name: string; runs: Run[]; jobs?: Job[]; pods: Pod[]; want: string[] }[] = [
  { name: "a pod of the run's Job is the run's", runs: [run], jobs: [aJob(run)], pods: [aPod(run)], want: ["a"] },
  {
    name: "even if its annotations were removed",
    runs: [run],
    jobs: [aJob(run)],
    pods: [aPod(run, unmarked)],
    want: ["a"],
  },
  {
    name: "even if its annotations name another run",
    runs: [run, aRun("b")],
    jobs: [aJob(run)],
    pods: [aPod(run, { runUid: "uid-b", runName: "b" })],
    want: ["a"],
  },
  {
    name: "a pod that a status names is the run's, without Job, owner and annotations",
    runs: [admitted],
    pods: [{ ...aRunningPod(admitted), ...unmarked, hasFinalizer: false }],
    want: ["a"],
  },
  {
    name: "the same for a finished run: its other containers may still run",
    runs: [aFinishedRun("a")],
    pods: [{ ...aRunningPod(admitted), ...unmarked }],
    want: ["a"],
  },
  {
    name: "a pod that an operator ungated is the run's, even if its Job is orphaned and the status is empty",
    runs: [run],
    pods: [byHand({ isGated: false, hasFinalizer: true, isUngatedByUs: true })],
    want: ["a"],
  },
  {
    name: "even without the annotation run-uid: its name contains the run's",
    runs: [run, aRun("b")],
    pods: [
      byHand({ name: "a-uid-a-1-x7k2p", isGated: false, hasFinalizer: true, isUngatedByUs: true, ...unmarked }),
      byHand({ name: "b-uid-b-1-c9d2m", isGated: false, hasFinalizer: true, isUngatedByUs: true, runUid: "uid-a" }),
    ],
    want: ["a", "b"],
  },
  {
    name: "a running look-alike with labels, run-uid and finalizer belongs to no run",
    runs: [run],
    jobs: [aJob(run)],
    pods: [byHand({ isGated: false, hasFinalizer: true, phase: "Running" })],
    want: [],
  },
  {
    name: "a pod whose owner is a Job that no cache shows belongs to no run while its run waits for its own pod",
    runs: [run],
    pods: [aPodOnNode(run, named)],
    want: [],
  },
  {
    name: "a pod of a deleted Job is kept for garbage collection once its run has another pod",
    runs: [admitted],
    pods: [aPod(admitted, { uid: "late", ...named })],
    want: ["a"],
  },
  {
    name: "the same once its run is finished",
    runs: [aFinishedRun("a")],
    pods: [aPod(admitted, { uid: "late", ...named })],
    want: ["a"],
  },
  { name: "the same once its run is deleted", runs: [], pods: [aPod(run, named)], want: ["a"] },
  {
    name: "a pod whose Job has another name than its run's belongs to no run",
    runs: [],
    pods: [aPod(run, { jobName: "other", jobUid: "u" })],
    want: [],
  },
  {
    name: "a gated pod without a Job is kept for garbage collection: it can never start",
    runs: [run],
    pods: [byHand()],
    want: ["a"],
  },
];

describe("ownedOnly", () => {
  it.each(table)("$name", ({ runs, jobs = [], pods, want }) => {
    expect(ownedOnly({ runs, jobs, pods }).pods.map(({ runName }) => runName)).toEqual(want);
  });

  it("gives a pod its run's attempt too", () => {
    const { pods } = ownedOnly({ runs: [run], jobs: [aJob(run, { attempt: 2 })], pods: [aPod(run, unmarked)] });
    expect(pods).toMatchObject([{ runUid: "uid-a", attempt: 2 }]);
  });
});
