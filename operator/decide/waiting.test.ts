import { describe, expect, it } from "vitest";
import { aJob, anAdmittedRun, anEndedPod, aPod, aRun, aRunningPod, nowMs, observed } from "../testing/builders.ts";
import { decisionLines, type Row } from "../testing/decision-lines.ts";
import { decide } from "./decide.ts";
import { parseRejection } from "./rejection.ts";
import * as status from "./status.ts";

const a = aRun("a", { age: 60 });
const b = aRun("b", { age: 30 });
const admitted = anAdmittedRun("a", { age: 60 });
const unstarted = anAdmittedRun("a", { age: 610, admittedAgo: 601 });
/** A run whose pod a quota has rejected for `seconds`. */
function rejectedRun(seconds: number): ReturnType<typeof aRun> {
  const rejection = parseRejection("exceeded quota: team");
  return { ...a, status: status.rejected(a, rejection, nowMs - seconds * 1000) };
}

/** A run whose status shows the third position. */
const third = { ...b, status: status.queued(b, { reason: "AgentBusy", message: "", position: 3 }, nowMs) };

const table: readonly Row[] = [
  // — the queue —
  {
    name: "the oldest run's Job is created, the other waits",
    given: { runs: [b, a] },
    want: ["updateStatus b Queued/AgentBusy #2", "createJob a", "updateStatus a Queued/Admitting (debounced)"],
  },
  {
    name: "a new position is debounced, so that the next run does not wait for its write",
    given: { runs: [a, third] },
    want: [
      "createJob a",
      "updateStatus a Queued/Admitting (debounced)",
      "updateStatus b Queued/AgentBusy #2 (debounced)",
    ],
  },
  {
    name: "priority goes before age",
    given: { runs: [a, aRun("b", { age: 30, priority: 1 })] },
    want: ["updateStatus a Queued/AgentBusy #2", "createJob b", "updateStatus b Queued/Admitting (debounced)"],
  },
  {
    name: "between runs of the same second the name decides",
    given: { runs: [aRun("y"), aRun("x")] },
    want: ["updateStatus y Queued/AgentBusy #2", "createJob x", "updateStatus x Queued/Admitting (debounced)"],
  },
  {
    name: "an admitted run keeps the slot, even against a higher priority",
    given: { runs: [admitted, aRun("b", { priority: 9 })], jobs: [aJob(admitted)], pods: [aRunningPod(admitted)] },
    want: ["updateStatus a Running/Running", "updateStatus b Queued/AgentBusy #1"],
  },
  {
    name: "a run whose pod is still gated can be overtaken: its pod and Job are deleted",
    given: { runs: [a, aRun("b", { age: 30, priority: 1 })], jobs: [aJob(a)], pods: [aPod(a)] },
    want: [
      "deleteUnstarted a-pod a-job",
      "updateStatus a Queued/AgentBusy #2",
      "createJob b",
      "updateStatus b Queued/Admitting (debounced)",
    ],
  },
  {
    name: "a suspended run waits, and others overtake it",
    given: { runs: [aRun("a", { suspend: true }), b] },
    want: ["updateStatus a Queued/Suspended (debounced)", "createJob b", "updateStatus b Queued/Admitting (debounced)"],
  },
  {
    name: "suspending an admitted run changes nothing",
    given: { runs: [anAdmittedRun("a", { suspend: true })], jobs: [aJob(admitted)], pods: [aRunningPod(admitted)] },
    want: ["updateStatus a Running/Running"],
  },
  {
    name: "suspending a run whose pod is still gated deletes its pod and Job",
    given: { runs: [aRun("a", { suspend: true })], jobs: [aJob(a)], pods: [aPod(a)] },
    want: ["deleteUnstarted a-pod a-job", "updateStatus a Queued/Suspended (debounced)"],
  },
  {
    name: "while admission is paused no run is admitted",
    given: { runs: [a], admission: false },
    want: ["updateStatus a Queued/OperatorPaused #1"],
  },
  {
    name: "while admission is paused a running run continues",
    given: { runs: [admitted], jobs: [aJob(admitted)], pods: [aRunningPod(admitted)], admission: false },
    want: ["updateStatus a Running/Running"],
  },
  {
    name: "the next run waits for the active-run limit, and others wait behind it",
    given: { runs: [a, b], limit: "maxActiveRuns is reached" },
    want: ["updateStatus a Queued/ActiveRunsLimit #1 (debounced)", "updateStatus b Queued/AgentBusy #2"],
  },
  {
    name: "a gated pod beyond the active-run limit is not ungated",
    given: { runs: [a], jobs: [aJob(a)], pods: [aPod(a)], limit: "maxActiveRuns is reached" },
    want: ["updateStatus a Queued/ActiveRunsLimit #1 (debounced)"],
  },
  {
    name: "the position of the sixth run in the queue is rate-limited",
    given: {
      runs: [admitted, ...[1, 2, 3, 4, 5, 6].map((n) => aRun(`q${n}`, { age: 50 - n }))],
      jobs: [aJob(admitted)],
      pods: [aRunningPod(admitted)],
    },
    want: [
      "updateStatus a Running/Running",
      ...[1, 2, 3, 4, 5].map((n) => `updateStatus q${n} Queued/AgentBusy #${n}`),
      "updateStatus q6 Queued/AgentBusy #6 (rate-limited)",
    ],
  },
  // — admission —
  {
    name: "a gated pod that the watch shows asks for the slot",
    given: { runs: [a], jobs: [aJob(a)], pods: [aPod(a)] },
    want: ["admit a"],
  },
  {
    name: "the run of a Job without a pod waits",
    given: { runs: [a], jobs: [aJob(a)] },
    want: ["updateStatus a Queued/Admitting (debounced)"],
  },
  {
    name: "the gated pod of an admitted run is ungated",
    given: { runs: [admitted], jobs: [aJob(admitted)], pods: [aPod(admitted)] },
    want: ["ungate a"],
  },
  {
    name: "a gated pod at the start deadline, whose ConfigMap is rejected, is stopped",
    given: { runs: [unstarted], jobs: [aJob(unstarted)], pods: [aPod(unstarted)] },
    want: ["stop a-pod StartDeadlineExceeded"],
  },
  {
    name: "a Job that failed because a user deleted its gated pod is deleted, to be created again",
    given: { runs: [a], jobs: [aJob(a, { isFinished: true })] },
    want: ["deleteUnstarted a-job", "updateStatus a Queued/Admitting (debounced)"],
  },
  {
    name: "the run waits for the end of a Job that is being deleted",
    given: { runs: [a], jobs: [aJob(a, { isDeleting: true })] },
    want: ["updateStatus a Queued/Admitting (debounced)"],
  },
  {
    name: "while its pod is rejected the next run retries, and others wait",
    given: { runs: [rejectedRun(599), b] },
    want: ["createJob a", "updateStatus b Queued/AgentBusy #2"],
  },
  {
    name: "a run rejected until its start deadline is retried once more after an outage",
    given: { runs: [rejectedRun(600), b], catchUpUntilMs: nowMs + 20_000 },
    want: ["createJob a", "updateStatus b Queued/AgentBusy #2"],
  },
  {
    name: "a run rejected until its start deadline fails, and its Job is deleted",
    given: { runs: [rejectedRun(600), b], jobs: [aJob(a)] },
    want: ["deleteUnstarted a-job", "updateStatus a Failed/QuotaExceeded", "updateStatus b Queued/AgentBusy #2"],
  },
  {
    name: "a pod that was created at the last moment asks for the slot",
    given: { runs: [rejectedRun(600)], jobs: [aJob(a)], pods: [aPod(a)] },
    want: ["admit a"],
  },
  {
    name: "a rejection is dropped while the run waits for another reason",
    given: { runs: [rejectedRun(600)], admission: false },
    want: ["updateStatus a Queued/OperatorPaused #1"],
  },
  {
    name: "a run whose status is empty gets its ungated pod back",
    given: { runs: [a], jobs: [aJob(a)], pods: [aRunningPod(a)] },
    want: ["updateStatus a Pending/Scheduling"],
  },
  {
    name: "the same for a pod that has ended: it is not created again",
    given: { runs: [a], jobs: [aJob(a, { isFinished: true })], pods: [anEndedPod(a, { report: {} })] },
    want: ["updateStatus a Pending/Scheduling"],
  },
  {
    name: "the second pod of an admitted run is garbage: it stays gated and is deleted",
    given: {
      runs: [admitted],
      jobs: [aJob(admitted)],
      pods: [aRunningPod(admitted), aPod(admitted, { uid: "double", name: "double" })],
    },
    want: ["updateStatus a Running/Running", "collectGarbage double"],
  },
  // — policies and deadlines —
  {
    name: "a waiting run past its queue deadline fails",
    given: {
      runs: [admitted, aRun("b", { age: 61, queueDeadlineSeconds: 60 })],
      jobs: [aJob(admitted)],
      pods: [aRunningPod(admitted)],
    },
    want: ["updateStatus a Running/Running", "updateStatus b Failed/QueueDeadlineExceeded"],
  },
  {
    name: "Forbid fails while the agent has an older unfinished run",
    given: { runs: [a, aRun("b", { age: 30, concurrencyPolicy: "Forbid" })] },
    want: ["createJob a", "updateStatus a Queued/Admitting (debounced)", "updateStatus b Failed/AgentBusy"],
  },
  {
    name: "Forbid ignores a suspended run",
    given: { runs: [aRun("a", { suspend: true }), aRun("b", { age: 30, concurrencyPolicy: "Forbid" })] },
    want: ["updateStatus a Queued/Suspended (debounced)", "createJob b", "updateStatus b Queued/Admitting (debounced)"],
  },
  {
    name: "Forbid ignores a younger run",
    given: { runs: [aRun("a", { concurrencyPolicy: "Forbid" }), b] },
    want: ["createJob a", "updateStatus a Queued/Admitting (debounced)", "updateStatus b Queued/AgentBusy #2"],
  },
  {
    name: "Replace stops the holder and ends older waiting runs",
    given: {
      runs: [admitted, b, aRun("c", { age: 10, concurrencyPolicy: "Replace" })],
      jobs: [aJob(admitted)],
      pods: [aRunningPod(admitted)],
    },
    want: ["stop a-pod Replaced", "updateStatus b Cancelled/Replaced", "updateStatus c Queued/AgentBusy #2"],
  },
  {
    name: "Replace stops a holder of the same second, independent of the names",
    given: {
      runs: [admitted, aRun("0", { age: 60, concurrencyPolicy: "Replace" })],
      jobs: [aJob(admitted)],
      pods: [aRunningPod(admitted)],
    },
    want: ["stop a-pod Replaced", "updateStatus 0 Queued/AgentBusy #1"],
  },
  {
    name: "Replace does not stop a younger holder that overtook it",
    given: {
      runs: [admitted, aRun("b", { age: 90, concurrencyPolicy: "Replace" })],
      jobs: [aJob(admitted)],
      pods: [aRunningPod(admitted)],
    },
    want: ["updateStatus a Running/Running", "updateStatus b Queued/AgentBusy #1"],
  },
];

describe("a waiting run", () => {
  it.each(table)("$name", ({ given, want }) => {
    expect(decisionLines(given)).toEqual(want);
  });

  it("is requeued at the end of a rejection, and starts to count again after another wait", () => {
    const run = rejectedRun(590);
    expect(decide(observed({ runs: [run] })).requeueAtMs).toBe(nowMs + 10_000);
    const repeated = status.rejected(run, parseRejection("exceeded quota: more"), nowMs);
    expect(decide(observed({ runs: [{ ...run, status: repeated }] })).requeueAtMs).toBe(nowMs + 10_000);
    const between = { ...run, status: status.queued(run, { reason: "AgentBusy", message: "b" }, nowMs) };
    const later = status.rejected(between, parseRejection("exceeded quota: team"), nowMs);
    expect(decide(observed({ runs: [{ ...run, status: later }] })).requeueAtMs).toBe(nowMs + 600_000);
  });
});
