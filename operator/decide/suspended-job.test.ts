import { describe, expect, it } from "vitest";
import {
  aFinishedRun,
  aJob,
  anAdmittedRun,
  anEndedPod,
  aPod,
  aRetriedRun,
  aRun,
  nowMs,
  observed,
} from "../testing/builders.ts";
import { decisionLines, type Row } from "../testing/decision-lines.ts";
import { decide } from "./decide.ts";

const run = aRun("a", { age: 30, startDeadlineSeconds: 20 });
const admitted = anAdmittedRun("a");
const retried = aRetriedRun("a");
const bySuspend = { suspended: { by: "suspend" } } as const;
const finished = aFinishedRun("a");
/** The status names the Job of the admitted pod. */
const finishedWithJob = { ...finished, status: { ...finished.status, job: { name: "a-job", uid: "job-of-a" } } };
const rejectedLongAgo = aRun("a", {
  age: 300,
  startDeadlineSeconds: 20,
  status: {
    conditions: [
      {
        type: "PodScheduled",
        status: "False",
        reason: "QuotaExceeded",
        message: "exceeded quota: pods",
        lastTransitionTime: new Date(nowMs - 100_000).toISOString(),
      },
    ],
  },
});

const table: readonly Row[] = [
  {
    name: "a Job that was suspended at its creation is shown in the status",
    given: { runs: [run], jobs: [aJob(run, { ...bySuspend, createdMs: nowMs - 19_000 })] },
    want: ["updateStatus a Queued/JobSuspended #1 (debounced)"],
  },
  {
    name: "its run fails at the start deadline",
    given: { runs: [run], jobs: [aJob(run, { ...bySuspend, createdMs: nowMs - 20_000 })] },
    want: ["deleteUnstarted a-job", "updateStatus a Failed/JobSuspended"],
  },
  {
    name: "the deadline counts from the suspension, if the Job controller recorded its time",
    given: {
      runs: [aRun("a", { age: 300, startDeadlineSeconds: 20 })],
      jobs: [aJob(run, { suspended: { by: "suspend", sinceMs: nowMs - 5_000 }, createdMs: nowMs - 200_000 })],
    },
    want: ["updateStatus a Queued/JobSuspended #1 (debounced)"],
  },
  {
    name: "parallelism 0 counts as suspended",
    given: { runs: [run], jobs: [aJob(run, { suspended: { by: "parallelism" }, createdMs: nowMs - 1_000 })] },
    want: ["updateStatus a Queued/JobSuspended #1 (debounced)"],
  },
  {
    name: "an earlier rejection by a quota is not the cause any more",
    given: { runs: [rejectedLongAgo], jobs: [aJob(run, { ...bySuspend, createdMs: nowMs - 5_000 })] },
    want: ["updateStatus a Queued/JobSuspended #1 (debounced)"],
  },
  {
    name: "the gated pod of a suspended Job is not ungated: the Job controller deletes it",
    given: { runs: [run], jobs: [aJob(run, { ...bySuspend, createdMs: nowMs })], pods: [aPod(run)] },
    want: ["updateStatus a Queued/JobSuspended #1 (debounced)"],
  },
  {
    name: "the pod of a resumed Job asks for the slot",
    given: { runs: [run], jobs: [aJob(run)], pods: [aPod(run)] },
    want: ["admit a"],
  },
  {
    name: "a suspended Job that is finished is created again like every other Job",
    given: { runs: [run], jobs: [aJob(run, { ...bySuspend, isFinished: true })] },
    want: ["deleteUnstarted a-job", "updateStatus a Queued/Admitting (debounced)"],
  },
  {
    name: "between attempts the run keeps its phase and shows the reason",
    given: { runs: [retried], jobs: [aJob(retried, { ...bySuspend, attempt: 2 })] },
    want: ["updateStatus a Pending/JobSuspended (debounced)"],
  },
  {
    name: "between attempts the run fails at the next attempt's deadline",
    given: {
      runs: [aRetriedRun("a", { retriedAgo: 601 })],
      jobs: [aJob(retried, { ...bySuspend, attempt: 2 })],
    },
    want: ["deleteUnstarted a-job", "updateStatus a Failed/JobSuspended"],
  },
  {
    name: "the suspended Job of a finished run is deleted once it has no pod",
    given: { runs: [finishedWithJob], jobs: [aJob(run, bySuspend)] },
    want: ["collectGarbage a-job"],
  },
  {
    name: "the suspended Job of a finished run is kept while its pod exists",
    given: {
      runs: [finishedWithJob],
      jobs: [aJob(run, bySuspend)],
      pods: [{ ...anEndedPod(admitted), hasFinalizer: false }],
    },
    want: [],
  },
  {
    name: "a running run whose Job was suspended has the reason JobSuspended, not PodDeleted",
    given: { runs: [admitted], jobs: [aJob(admitted, bySuspend)] },
    want: ["updateStatusAfterPodLoss a Failed/JobSuspended"],
  },
  {
    name: "the same if the watch shows the pod's end",
    given: {
      runs: [admitted],
      jobs: [aJob(admitted, bySuspend)],
      pods: [anEndedPod(admitted, { exitCode: 143, pod: { isDeleting: true } })],
    },
    want: ["updateStatus a Failed/JobSuspended", "removeFinalizer a-pod"],
  },
  {
    name: "a result that was complete before counts",
    given: {
      runs: [admitted],
      jobs: [aJob(admitted, bySuspend)],
      pods: [anEndedPod(admitted, { report: {}, pod: { isDeleting: true } })],
    },
    want: ["updateStatus a Succeeded/Completed", "removeFinalizer a-pod"],
  },
];

describe("a suspended Job", () => {
  it.each(table)("$name", ({ given, want }) => {
    expect(decisionLines(given)).toEqual(want);
  });

  it("is reconciled again at its deadline", () => {
    const jobs = [aJob(run, { ...bySuspend, createdMs: nowMs - 5_000 })];
    expect(decide(observed({ runs: [run], jobs })).requeueAtMs).toBe(nowMs + 15_000);
  });

  it("is named together with the command that resumes it", () => {
    const jobs = [aJob(run, { ...bySuspend, createdMs: nowMs })];
    const [first] = decide(observed({ runs: [run], jobs })).groups.flat();
    const succeeded =
      first?.do === "updateStatus" ? first.status.conditions?.find(({ type }) => type === "Succeeded") : undefined;
    expect(succeeded?.message).toBe(
      "Job a-job was suspended (its spec.suspend is true) by Kueue, a webhook or a user, not by the operator. The run " +
        `continues once the Job is resumed: kubectl patch job a-job --type=merge -p '{"spec":{"suspend":false}}'`,
    );
  });
});
