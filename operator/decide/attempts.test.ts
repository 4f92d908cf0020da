import { describe, expect, it } from "vitest";
import type { Job, Pod, Run } from "../domain.ts";
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
import { says, type Row } from "../testing/says.ts";

const a = aRun("a", { age: 60 });
const b = aRun("b", { age: 30 });
const held = anAdmittedRun("a", { age: 60 });
const mayRetry = anAdmittedRun("a", { disruptionRetries: 1 });
const lastAttempt = anAdmittedRun("a", { disruptionRetries: 1, status: { attempt: 2 } });
const secondLate = anAdmittedRun("a", { age: 900, admittedAgo: 800, status: { attempt: 2 } });
const byTerm = { reason: "NoResult", stop: { cause: "Signal", time: "2026-01-01T11:59:00Z" } } as const;
/** Ended by somebody who marked the pod so. */
const disrupted = (run: Run, reason: string, facts: Partial<Pod> = {}): Pod =>
  anEndedPod(run, { report: byTerm, exitCode: 143, pod: { deleting: true, disruption: { reason }, ...facts } });
const retried = aRetriedRun("a");
const second: Partial<Pod & Job> = { attempt: 2 };

const table: readonly Row[] = [
  ...["EvictionByEvictionAPI", "PreemptionByScheduler", "DeletionByTaintManager", "DeletionByPodGC"].map((reason) => ({
    name: `after ${reason} a run with a retry left is recorded as such, then its pod is given back`,
    given: { runs: [mayRetry], jobs: [aJob(mayRetry)], pods: [disrupted(mayRetry, reason)] },
    want: ["record a Pending/Retrying", "release a-pod"],
  })),
  {
    name: "without a retry a disruption is a failure",
    given: { runs: [held], jobs: [aJob(held)], pods: [disrupted(held, "EvictionByEvictionAPI")] },
    want: ["record a Failed/Evicted", "release a-pod"],
  },
  {
    name: "the last attempt's disruption is a failure",
    given: {
      runs: [lastAttempt],
      jobs: [aJob(lastAttempt, second)],
      pods: [disrupted(lastAttempt, "EvictionByEvictionAPI", second)],
    },
    want: ["record a Failed/Evicted", "release a-pod"],
  },
  {
    name: "a pod that is being evicted is waited for: no attempt before the end of the one before",
    given: {
      runs: [mayRetry],
      jobs: [aJob(mayRetry)],
      pods: [aRunningPod(mayRetry, { deleting: true, disruption: { reason: "EvictionByEvictionAPI" } })],
    },
    want: ["record a Running/Running"],
  },
  {
    name: "a pod that a user deleted is not tried again",
    given: {
      runs: [mayRetry],
      jobs: [aJob(mayRetry)],
      pods: [anEndedPod(mayRetry, { report: byTerm, exitCode: 143, pod: { deleting: true } })],
    },
    want: ["record a Failed/PodDeleted (if a-job is there)", "release a-pod"],
  },
  {
    name: "cancelled beats a retry",
    given: {
      runs: [anAdmittedRun("a", { disruptionRetries: 1, cancel: true })],
      jobs: [aJob(held)],
      pods: [disrupted(held, "EvictionByEvictionAPI")],
    },
    want: ["record a Cancelled/Cancelled", "release a-pod"],
  },
  {
    name: "the deadline beats a retry: the runner had ended claude for it before the eviction",
    given: {
      runs: [mayRetry],
      jobs: [aJob(mayRetry)],
      pods: [
        anEndedPod(mayRetry, {
          report: { reason: "DeadlineExceeded", stop: { ...byTerm.stop, cause: "DeadlineExceeded" } },
          exitCode: 143,
          pod: { deleting: true, disruption: { reason: "EvictionByEvictionAPI" } },
        }),
      ],
    },
    want: ["record a Failed/DeadlineExceeded", "release a-pod"],
  },
  {
    name: "between attempts the run's slot is its own, whoever else waits, paused or suspended or past the queue deadline",
    given: {
      runs: [aRetriedRun("a", { suspend: true, queueDeadlineSeconds: 1 }), aRun("b", { age: 90, priority: 9 })],
      admission: false,
    },
    want: ["make a", "record b Queued/OperatorPaused #1"],
  },
  {
    name: "between attempts others of the agent wait for it",
    given: { runs: [retried, b], jobs: [aJob(retried, { finished: true })] },
    want: ["make a", "record b Queued/AgentBusy #1"],
  },
  {
    name: "the next attempt's pod asks for the slot",
    given: { runs: [retried], jobs: [aJob(retried, second)], pods: [aPod(retried, second)] },
    want: ["admit a"],
  },
  {
    name: "the next attempt's pod is awaited: it goes on saying that it is retried",
    given: { runs: [retried], jobs: [aJob(retried, second)] },
    want: ["record a Pending/ (soft)"],
  },
  {
    name: "the next attempt's dead Job is made again",
    given: { runs: [retried], jobs: [aJob(retried, { attempt: 2, finished: true })] },
    want: ["withdraw a-job"],
  },
  {
    name: "the earlier attempt's pod that was not given back is",
    given: { runs: [retried], pods: [disrupted(retried, "EvictionByEvictionAPI")] },
    want: ["make a", "release a-pod"],
  },
  {
    name: "a gated pod of an earlier attempt is a stray: it can never be let go",
    given: { runs: [retried], jobs: [aJob(retried, second)], pods: [aPod(retried)] },
    want: ["record a Pending/ (soft)", "sweep a-pod"],
  },
  {
    name: "a gated pod of a later attempt than the cache knows of is left alone",
    given: {
      runs: [mayRetry],
      jobs: [aJob(mayRetry)],
      pods: [aRunningPod(mayRetry), aPod(mayRetry, { uid: "p2", attempt: 2 })],
    },
    want: ["record a Running/Running"],
  },
  {
    name: "cancelled between attempts it ends, and what was made is withdrawn",
    given: {
      runs: [aRetriedRun("a", { cancel: true })],
      jobs: [aJob(retried, second)],
      pods: [aPod(retried, second)],
    },
    want: ["withdraw a-pod a-job", "record a Cancelled/Cancelled"],
  },
  {
    name: "replaced between attempts it ends",
    given: { runs: [retried, aRun("b", { age: 10, concurrencyPolicy: "Replace" })] },
    want: ["record a Cancelled/Replaced", "record b Queued/AgentBusy #1"],
  },
  {
    name: "between attempts a run that is being deleted makes nothing new",
    given: { runs: [aRetriedRun("a", { deleting: true })] },
    want: [],
  },
  {
    name: "a next attempt that does not come within the start deadline ends the run",
    given: { runs: [aRetriedRun("a", { retriedAgo: 601 })], jobs: [aJob(retried, second)] },
    want: ["withdraw a-job", "record a Failed/StartDeadlineExceeded"],
  },
  {
    name: "the next attempt has the start deadline for itself",
    given: {
      runs: [secondLate],
      jobs: [aJob(secondLate, second)],
      pods: [aPodOnNode(secondLate, { attempt: 2, createdMs: nowMs - 10_000 })],
    },
    want: ["record a Pending/Starting (soft)"],
  },
  {
    name: "a held pod that has ended is not given back by a cache that lags behind its admission",
    given: { runs: [a], jobs: [aJob(a, { finished: true })], pods: [anEndedPod(a, { report: {} })] },
    want: ["record a Pending/Scheduling"],
  },
  {
    name: "a later attempt whose pod a quota refuses keeps its slot, and ends with that reason if it lasts",
    given: { runs: [aRetriedRun("a", { retriedAgo: 601, refused: "QuotaExceeded" })] },
    want: ["record a Failed/QuotaExceeded"],
  },
];

describe("another attempt", () => {
  it.each(table)("$name", ({ given, want }) => {
    expect(says(given)).toEqual(want);
  });
});
