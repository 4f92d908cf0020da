import { describe, expect, it } from "vitest";
import type { Pod, Run } from "../domain.ts";
import {
  aJob,
  anAdmittedRun,
  anEndedPod,
  aPod,
  aPodOnNode,
  aRetriedRun,
  aRun,
  aRunningPod,
  nowMs,
} from "../testing/builders.ts";
import { decisionLines, type Row } from "../testing/decision-lines.ts";

const a = aRun("a", { age: 60 });
const b = aRun("b", { age: 30 });
const admitted = anAdmittedRun("a", { age: 60 });
const mayRetry = anAdmittedRun("a", { disruptionRetries: 1 });
const lastAttempt = anAdmittedRun("a", { disruptionRetries: 1, status: { attempt: 2 } });
const secondLate = anAdmittedRun("a", { age: 900, admittedAgo: 800, status: { attempt: 2 } });
const byTerm = { reason: "NoResult", stop: { cause: "Signal", time: "2026-01-01T11:59:00Z" } } as const;
/** A pod that was ended by a disruption. */
const disrupted = (run: Run, reason: string, facts: Partial<Pod> = {}): Pod =>
  anEndedPod(run, { report: byTerm, exitCode: 143, pod: { isDeleting: true, disruption: { reason }, ...facts } });
const retried = aRetriedRun("a");
const second = { attempt: 2 };

const table: readonly Row[] = [
  ...["EvictionByEvictionAPI", "PreemptionByScheduler", "DeletionByTaintManager", "DeletionByPodGC"].map((reason) => ({
    name: `after ${reason} a run with a retry left is Retrying, then the pod's finalizer is removed`,
    given: { runs: [mayRetry], jobs: [aJob(mayRetry)], pods: [disrupted(mayRetry, reason)] },
    want: ["updateStatus a Pending/Retrying", "removeFinalizer a-pod"],
  })),
  {
    name: "without a retry a disruption is a failure",
    given: { runs: [admitted], jobs: [aJob(admitted)], pods: [disrupted(admitted, "EvictionByEvictionAPI")] },
    want: ["updateStatus a Failed/Evicted", "removeFinalizer a-pod"],
  },
  {
    name: "the last attempt's disruption is a failure",
    given: {
      runs: [lastAttempt],
      jobs: [aJob(lastAttempt, second)],
      pods: [disrupted(lastAttempt, "EvictionByEvictionAPI", second)],
    },
    want: ["updateStatus a Failed/Evicted", "removeFinalizer a-pod"],
  },
  {
    name: "no attempt starts before the end of a pod that is being evicted",
    given: {
      runs: [mayRetry],
      jobs: [aJob(mayRetry)],
      pods: [aRunningPod(mayRetry, { isDeleting: true, disruption: { reason: "EvictionByEvictionAPI" } })],
    },
    want: ["updateStatus a Running/Running"],
  },
  {
    name: "there is no attempt after a pod that a user deleted",
    given: {
      runs: [mayRetry],
      jobs: [aJob(mayRetry)],
      pods: [anEndedPod(mayRetry, { report: byTerm, exitCode: 143, pod: { isDeleting: true } })],
    },
    want: ["updateStatus a Failed/PodDeleted (if a-job exists)", "removeFinalizer a-pod"],
  },
  {
    name: "a cancelled run has no retry",
    given: {
      runs: [anAdmittedRun("a", { disruptionRetries: 1, cancel: true })],
      jobs: [aJob(admitted)],
      pods: [disrupted(admitted, "EvictionByEvictionAPI")],
    },
    want: ["updateStatus a Cancelled/Cancelled", "removeFinalizer a-pod"],
  },
  {
    name: "there is no retry if the runner ended claude at its deadline before the eviction",
    given: {
      runs: [mayRetry],
      jobs: [aJob(mayRetry)],
      pods: [
        anEndedPod(mayRetry, {
          report: { reason: "DeadlineExceeded", stop: { ...byTerm.stop, cause: "DeadlineExceeded" } },
          exitCode: 143,
          pod: { isDeleting: true, disruption: { reason: "EvictionByEvictionAPI" } },
        }),
      ],
    },
    want: ["updateStatus a Failed/DeadlineExceeded", "removeFinalizer a-pod"],
  },
  {
    name: "between attempts the run keeps its slot, even if paused, suspended or past the queue deadline",
    given: {
      runs: [aRetriedRun("a", { suspend: true, queueDeadlineSeconds: 1 }), aRun("b", { age: 90, priority: 9 })],
      admission: false,
    },
    want: ["createJob a", "updateStatus b Queued/OperatorPaused #1"],
  },
  {
    name: "between attempts the agent's other runs wait",
    given: { runs: [retried, b], jobs: [aJob(retried, { isFinished: true })] },
    want: ["createJob a", "updateStatus b Queued/AgentBusy #1"],
  },
  {
    name: "the next attempt's pod asks for the slot",
    given: { runs: [retried], jobs: [aJob(retried, second)], pods: [aPod(retried, second)] },
    want: ["admit a"],
  },
  {
    name: "the run waits for the next attempt's pod, and keeps the Retrying reason",
    given: { runs: [retried], jobs: [aJob(retried, second)] },
    want: ["updateStatus a Pending/ (debounced)"],
  },
  {
    name: "the next attempt's dead Job is created again",
    given: { runs: [retried], jobs: [aJob(retried, { attempt: 2, isFinished: true })] },
    want: ["deleteUnstarted a-job"],
  },
  {
    name: "the finalizer of the earlier attempt's pod is removed",
    given: { runs: [retried], pods: [disrupted(retried, "EvictionByEvictionAPI")] },
    want: ["createJob a", "removeFinalizer a-pod"],
  },
  {
    name: "a gated pod of an earlier attempt is garbage: it is never ungated",
    given: { runs: [retried], jobs: [aJob(retried, second)], pods: [aPod(retried)] },
    want: ["updateStatus a Pending/ (debounced)", "collectGarbage a-pod"],
  },
  {
    name: "a gated pod of a later attempt than in the cache is kept",
    given: {
      runs: [mayRetry],
      jobs: [aJob(mayRetry)],
      pods: [aRunningPod(mayRetry), aPod(mayRetry, { uid: "p2", attempt: 2 })],
    },
    want: ["updateStatus a Running/Running"],
  },
  {
    name: "a run that is cancelled between attempts ends, and its pod and Job are deleted",
    given: {
      runs: [aRetriedRun("a", { cancel: true })],
      jobs: [aJob(retried, second)],
      pods: [aPod(retried, second)],
    },
    want: ["deleteUnstarted a-pod a-job", "updateStatus a Cancelled/Cancelled"],
  },
  {
    name: "a run that is replaced between attempts ends",
    given: { runs: [retried, aRun("b", { age: 10, concurrencyPolicy: "Replace" })] },
    want: ["updateStatus a Cancelled/Replaced", "updateStatus b Queued/AgentBusy #1"],
  },
  {
    name: "between attempts a run that is being deleted creates nothing",
    given: { runs: [aRetriedRun("a", { isDeleting: true })] },
    want: [],
  },
  {
    name: "a next attempt that is not admitted within the start deadline ends the run",
    given: { runs: [aRetriedRun("a", { retriedAgo: 601 })], jobs: [aJob(retried, second)] },
    want: ["deleteUnstarted a-job", "updateStatus a Failed/StartDeadlineExceeded"],
  },
  {
    name: "a late next attempt has time until the caches have caught up after an outage",
    given: {
      runs: [aRetriedRun("a", { retriedAgo: 601 })],
      jobs: [aJob(retried, second)],
      catchUpUntilMs: nowMs + 20_000,
    },
    want: ["updateStatus a Pending/ (debounced)"],
  },
  {
    name: "the next attempt has its own start deadline",
    given: {
      runs: [secondLate],
      jobs: [aJob(secondLate, second)],
      pods: [aPodOnNode(secondLate, { attempt: 2, createdMs: nowMs - 10_000 })],
    },
    want: ["updateStatus a Pending/Starting (debounced)"],
  },
  {
    name: "the finalizer of an ended pod stays if the cache lags behind its admission",
    given: { runs: [a], jobs: [aJob(a, { isFinished: true })], pods: [anEndedPod(a, { report: {} })] },
    want: ["updateStatus a Pending/Scheduling"],
  },
  {
    name: "a later attempt whose pod a quota rejects keeps its slot, and ends with that reason if it lasts",
    given: { runs: [aRetriedRun("a", { retriedAgo: 601, rejection: "QuotaExceeded" })] },
    want: ["updateStatus a Failed/QuotaExceeded"],
  },
];

describe("another attempt", () => {
  it.each(table)("$name", ({ given, want }) => {
    expect(decisionLines(given)).toEqual(want);
  });
});
