import { describe, expect, it } from "vitest";
import { aJob, anAdmittedRun, anEndedPod, aPod, aRun, aRunningPod, nowMs, observed } from "../testing/builders.ts";
import { says, type Row } from "../testing/says.ts";
import { decide } from "./decide.ts";
import { readRefusal } from "./refusal.ts";
import * as status from "./status.ts";

const a = aRun("a", { age: 60 });
const b = aRun("b", { age: 30 });
const held = anAdmittedRun("a", { age: 60 });
const unstarted = anAdmittedRun("a", { age: 610, admittedAgo: 601 });
/** A run of 60 s whose pod a quota has refused for so many seconds. */
function refusedRun(seconds: number): ReturnType<typeof aRun> {
  const refusal = readRefusal("exceeded quota: team");
  return { ...a, status: status.refused(a, refusal, nowMs - seconds * 1000) };
}

/** One that has said for a while that it is the third. */
const third = aRun("b", { age: 30 });
const placed = { ...third, status: status.queued(third, { reason: "AgentBusy", message: "", position: 3 }, nowMs) };

const table: readonly Row[] = [
  // — the queue —
  {
    name: "the oldest run's Job is made, the other waits",
    given: { runs: [b, a] },
    want: ["record b Queued/AgentBusy #2", "make a", "record a Queued/Admitting (soft)"],
  },
  {
    name: "a new place is worth a write only once it lasts: those who act for the next run must not wait for it",
    given: { runs: [a, placed] },
    want: ["make a", "record a Queued/Admitting (soft)", "record b Queued/AgentBusy #2 (soft)"],
  },
  {
    name: "priority goes before age",
    given: { runs: [a, aRun("b", { age: 30, priority: 1 })] },
    want: ["record a Queued/AgentBusy #2", "make b", "record b Queued/Admitting (soft)"],
  },
  {
    name: "of two of one age the name decides",
    given: { runs: [aRun("y"), aRun("x")] },
    want: ["record y Queued/AgentBusy #2", "make x", "record x Queued/Admitting (soft)"],
  },
  {
    name: "whoever was admitted keeps the slot, even against a higher priority",
    given: { runs: [held, aRun("b", { priority: 9 })], jobs: [aJob(held)], pods: [aRunningPod(held)] },
    want: ["record a Running/Running", "record b Queued/AgentBusy #1"],
  },
  {
    name: "a run whose pod is not let go yet can be overtaken: its pod and Job are withdrawn",
    given: { runs: [a, aRun("b", { age: 30, priority: 1 })], jobs: [aJob(a)], pods: [aPod(a)] },
    want: ["withdraw a-pod a-job", "record a Queued/AgentBusy #2", "make b", "record b Queued/Admitting (soft)"],
  },
  {
    name: "a suspended run waits and lets others pass",
    given: { runs: [aRun("a", { suspend: true }), b] },
    want: ["record a Queued/Suspended (soft)", "make b", "record b Queued/Admitting (soft)"],
  },
  {
    name: "suspending a run that was admitted changes nothing",
    given: { runs: [anAdmittedRun("a", { suspend: true })], jobs: [aJob(held)], pods: [aRunningPod(held)] },
    want: ["record a Running/Running"],
  },
  {
    name: "suspending a run whose pod is still gated withdraws it",
    given: { runs: [aRun("a", { suspend: true })], jobs: [aJob(a)], pods: [aPod(a)] },
    want: ["withdraw a-pod a-job", "record a Queued/Suspended (soft)"],
  },
  {
    name: "while admission is paused nobody is admitted",
    given: { runs: [a], admission: false },
    want: ["record a Queued/OperatorPaused #1"],
  },
  {
    name: "while admission is paused a running run goes on",
    given: { runs: [held], jobs: [aJob(held)], pods: [aRunningPod(held)], admission: false },
    want: ["record a Running/Running"],
  },
  {
    name: "the next run waits while as many are active as may be, and those behind it for it",
    given: { runs: [a, b], limit: "maxActiveRuns is reached" },
    want: ["record a Queued/ActiveRunsLimit #1 (soft)", "record b Queued/AgentBusy #2"],
  },
  {
    name: "a gated pod that somebody else made beyond the limit is not let go",
    given: { runs: [a], jobs: [aJob(a)], pods: [aPod(a)], limit: "maxActiveRuns is reached" },
    want: ["record a Queued/ActiveRunsLimit #1 (soft)"],
  },
  {
    name: "the sixth in the queue is told its position in its own time",
    given: {
      runs: [held, ...[1, 2, 3, 4, 5, 6].map((n) => aRun(`q${n}`, { age: 50 - n }))],
      jobs: [aJob(held)],
      pods: [aRunningPod(held)],
    },
    want: [
      "record a Running/Running",
      ...[1, 2, 3, 4, 5].map((n) => `record q${n} Queued/AgentBusy #${n}`),
      "record q6 Queued/AgentBusy #6 (paced)",
    ],
  },
  // — admission —
  {
    name: "a gated pod that is seen asks for the slot",
    given: { runs: [a], jobs: [aJob(a)], pods: [aPod(a)] },
    want: ["admit a"],
  },
  {
    name: "a Job without a pod yet is waited for",
    given: { runs: [a], jobs: [aJob(a)] },
    want: ["record a Queued/Admitting (soft)"],
  },
  {
    name: "admitted but still gated: what was begun is finished",
    given: { runs: [held], jobs: [aJob(held)], pods: [aPod(held)] },
    want: ["letGo a"],
  },
  {
    name: "admitted and still gated at its start deadline (its ConfigMap is refused): it is stopped",
    given: { runs: [unstarted], jobs: [aJob(unstarted)], pods: [aPod(unstarted)] },
    want: ["stop a-pod StartDeadlineExceeded"],
  },
  {
    name: "a user deleted the gated pod and so failed the Job: the Job is removed, to be made again",
    given: { runs: [a], jobs: [aJob(a, { finished: true })] },
    want: ["withdraw a-job", "record a Queued/Admitting (soft)"],
  },
  {
    name: "a Job that is being deleted is waited for",
    given: { runs: [a], jobs: [aJob(a, { deleting: true })] },
    want: ["record a Queued/Admitting (soft)"],
  },
  {
    name: "while its pod is refused the next run keeps asking, and others wait",
    given: { runs: [refusedRun(599), b] },
    want: ["make a", "record b Queued/AgentBusy #2"],
  },
  {
    name: "refused for as long as a start may take it fails, and its Job is removed",
    given: { runs: [refusedRun(600), b], jobs: [aJob(a)] },
    want: ["withdraw a-job", "record a Failed/QuotaExceeded", "record b Queued/AgentBusy #2"],
  },
  {
    name: "a pod that came at the last moment is asked for the slot all the same",
    given: { runs: [refusedRun(600)], jobs: [aJob(a)], pods: [aPod(a)] },
    want: ["admit a"],
  },
  {
    name: "a refusal is forgotten while the run waits for another reason",
    given: { runs: [refusedRun(600)], admission: false },
    want: ["record a Queued/OperatorPaused #1"],
  },
  {
    name: "a run whose status was wiped gets back the pod that was let go for it",
    given: { runs: [a], jobs: [aJob(a)], pods: [aRunningPod(a)] },
    want: ["record a Pending/Scheduling"],
  },
  {
    name: "even one that has ended: it is not made again",
    given: { runs: [a], jobs: [aJob(a, { finished: true })], pods: [anEndedPod(a, { report: {} })] },
    want: ["record a Pending/Scheduling"],
  },
  {
    name: "the second pod of an admitted run is a stray: it stays gated and is removed",
    given: {
      runs: [held],
      jobs: [aJob(held)],
      pods: [aRunningPod(held), aPod(held, { uid: "double", name: "double" })],
    },
    want: ["record a Running/Running", "sweep double"],
  },
  // — policies and deadlines —
  {
    name: "past its queue deadline a waiting run fails",
    given: {
      runs: [held, aRun("b", { age: 61, queueDeadlineSeconds: 60 })],
      jobs: [aJob(held)],
      pods: [aRunningPod(held)],
    },
    want: ["record a Running/Running", "record b Failed/QueueDeadlineExceeded"],
  },
  {
    name: "Forbid fails while the agent has an older unfinished run",
    given: { runs: [a, aRun("b", { age: 30, concurrencyPolicy: "Forbid" })] },
    want: ["make a", "record a Queued/Admitting (soft)", "record b Failed/AgentBusy"],
  },
  {
    name: "Forbid does not mind a suspended one",
    given: { runs: [aRun("a", { suspend: true }), aRun("b", { age: 30, concurrencyPolicy: "Forbid" })] },
    want: ["record a Queued/Suspended (soft)", "make b", "record b Queued/Admitting (soft)"],
  },
  {
    name: "Forbid does not mind a younger one",
    given: { runs: [aRun("a", { concurrencyPolicy: "Forbid" }), b] },
    want: ["make a", "record a Queued/Admitting (soft)", "record b Queued/AgentBusy #2"],
  },
  {
    name: "Replace stops the holder and ends older waiters",
    given: {
      runs: [held, b, aRun("c", { age: 10, concurrencyPolicy: "Replace" })],
      jobs: [aJob(held)],
      pods: [aRunningPod(held)],
    },
    want: ["stop a-pod Replaced", "record b Cancelled/Replaced", "record c Queued/AgentBusy #2"],
  },
  {
    name: "Replace stops a holder of the same second, whatever their names",
    given: {
      runs: [held, aRun("0", { age: 60, concurrencyPolicy: "Replace" })],
      jobs: [aJob(held)],
      pods: [aRunningPod(held)],
    },
    want: ["stop a-pod Replaced", "record 0 Queued/AgentBusy #1"],
  },
  {
    name: "Replace does not stop a holder that came later and overtook it",
    given: {
      runs: [held, aRun("b", { age: 90, concurrencyPolicy: "Replace" })],
      jobs: [aJob(held)],
      pods: [aRunningPod(held)],
    },
    want: ["record a Running/Running", "record b Queued/AgentBusy #1"],
  },
];

describe("a run that waits", () => {
  it.each(table)("$name", ({ given, want }) => {
    expect(says(given)).toEqual(want);
  });

  it("looks again when a refusal has lasted for too long, and counts anew after another wait", () => {
    const run = refusedRun(590);
    expect(decide(observed({ runs: [run] })).wakeAtMs).toBe(nowMs + 10_000);
    const again = status.refused(run, readRefusal("exceeded quota: more"), nowMs);
    expect(decide(observed({ runs: [{ ...run, status: again }] })).wakeAtMs).toBe(nowMs + 10_000);
    const between = { ...run, status: status.queued(run, { reason: "AgentBusy", message: "b" }, nowMs) };
    const later = status.refused(between, readRefusal("exceeded quota: team"), nowMs);
    expect(decide(observed({ runs: [{ ...run, status: later }] })).wakeAtMs).toBe(nowMs + 600_000);
  });
});
