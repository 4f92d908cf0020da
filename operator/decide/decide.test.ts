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
  stopOf,
} from "../testing/builders.ts";
import { decisionLines, type Row } from "../testing/decision-lines.ts";
import { decide } from "./decide.ts";

const a = aRun("a", { age: 60 });
const b = aRun("b", { age: 30 });
const admitted = anAdmittedRun("a", { age: 60 });

const table: readonly Row[] = [
  // — cancel —
  {
    name: "a waiting run that is cancelled ends at once",
    given: { runs: [aRun("a", { cancel: true })] },
    want: ["updateStatus a Cancelled/Cancelled"],
  },
  {
    name: "the pod and Job of a waiting run that is cancelled are deleted first",
    given: { runs: [aRun("a", { cancel: true })], jobs: [aJob(a)], pods: [aPod(a)] },
    want: ["deleteUnstarted a-pod a-job", "updateStatus a Cancelled/Cancelled"],
  },
  {
    name: "a running run that is cancelled is stopped",
    given: { runs: [anAdmittedRun("a", { cancel: true })], jobs: [aJob(admitted)], pods: [aRunningPod(admitted)] },
    want: ["stop a-pod Cancelled"],
  },
  {
    name: "a stopped run waits for the end of its pod",
    given: {
      runs: [anAdmittedRun("a", { cancel: true })],
      jobs: [aJob(admitted)],
      pods: [aRunningPod(admitted, { stop: stopOf("Cancelled") })],
    },
    want: ["updateStatus a Running/Cancelling"],
  },
  {
    name: "the gated pod of an admitted run that is cancelled is stopped, not ungated",
    given: { runs: [anAdmittedRun("a", { cancel: true })], jobs: [aJob(admitted)], pods: [aPod(admitted)] },
    want: ["stop a-pod Cancelled"],
  },
  {
    name: "a waiting run whose client is lost ends, and its gated pod is deleted",
    given: { runs: [a], jobs: [aJob(a)], pods: [aPod(a)], lostClients: new Map([[a.uid, "Lease web expired"]]) },
    want: ["deleteUnstarted a-pod a-job", "updateStatus a Cancelled/ClientLost"],
  },
  {
    name: "a suspended run whose client is lost ends too",
    given: { runs: [aRun("a", { suspend: true })], lostClients: new Map([[a.uid, "Lease web expired"]]) },
    want: ["updateStatus a Cancelled/ClientLost"],
  },
  {
    name: "a running run whose client is lost is stopped, with the reason on its pod",
    given: {
      runs: [admitted, b],
      jobs: [aJob(admitted)],
      pods: [aRunningPod(admitted)],
      lostClients: new Map([[admitted.uid, "Lease web expired"]]),
    },
    want: ["stop a-pod ClientLost", "updateStatus b Queued/AgentBusy #1"],
  },
  {
    name: "an admitted run whose client is lost and whose pod was deleted has the reason ClientLost",
    given: { runs: [admitted], lostClients: new Map([[admitted.uid, "Lease web expired"]]) },
    want: ["updateStatusAfterPodLoss a Cancelled/ClientLost"],
  },
  // — an edited status —
  {
    name: "a run whose status lost its pod is admitted again, not started again",
    given: { runs: [aRun("a", { status: { phase: "Queued" } }), b], jobs: [aJob(a)], pods: [aRunningPod(a)] },
    want: ["updateStatus a Pending/Scheduling", "updateStatus b Queued/AgentBusy #2"],
  },
  {
    name: "the same if its attempt was changed too",
    given: { runs: [aRun("a", { status: { attempt: 7 } })], jobs: [aJob(a)], pods: [aRunningPod(a)] },
    want: ["updateStatus a Pending/Scheduling"],
  },
  {
    name: "a run whose phase was set to a finished one is finished, and its pod is deleted",
    given: {
      runs: [{ ...aFinishedRun("a"), isFinishedByHand: true }],
      jobs: [aJob(admitted)],
      pods: [aRunningPod(admitted)],
    },
    want: ["collectGarbage a-pod", "updateStatus a Succeeded/StatusEdited"],
  },
  // — garbage —
  {
    name: "pod and Job of a run that the cache does not show are garbage if the run is deleted",
    given: { pods: [aRunningPod(a)], jobs: [aJob(a)] },
    want: ["collectGarbage a-pod (if the run is deleted)", "collectGarbage a-job (if the run is deleted)"],
  },
  {
    name: "a Job that a frozen replica created for a finished run is garbage",
    given: {
      runs: [aFinishedRun("a")],
      jobs: [aJob(admitted, { uid: "late", name: "late" })],
      pods: [aPod(admitted, { uid: "late-pod", name: "late-pod" })],
    },
    want: ["collectGarbage late-pod", "collectGarbage late"],
  },
  {
    name: "a run that is being deleted creates nothing",
    given: { runs: [aRun("a", { isDeleting: true })] },
    want: [],
  },
  {
    name: "an agent's oldest finished runs beyond the history limit are deleted",
    given: {
      runs: [
        aFinishedRun("new", { endedAgo: 1 }),
        aFinishedRun("old", { endedAgo: 9 }),
        aFinishedRun("mid", { endedAgo: 5 }),
        b,
      ],
      settings: { historyLimit: 1 },
    },
    want: ["createJob b", "updateStatus b Queued/Admitting (debounced)", "deleteRun old", "deleteRun mid"],
  },
  {
    name: "a run whose pod still has the finalizer is kept",
    given: {
      runs: [
        aFinishedRun("a", { endedAgo: 9 }),
        aFinishedRun("b", { endedAgo: 8, isDeleting: true }),
        aFinishedRun("c", { endedAgo: 5 }),
        aFinishedRun("d", { endedAgo: 5 }),
      ],
      pods: [anEndedPod(admitted, { report: {} })],
      settings: { historyLimit: 2 },
    },
    want: ["removeFinalizer a-pod"],
  },
  {
    name: "LogsAvailable of a finished run turns False when its pod is deleted",
    given: {
      runs: [{ ...aFinishedRun("a"), logsAt: 4 }, aFinishedRun("b"), { ...aFinishedRun("c"), logsAt: 4 }],
      deletedPods: new Set(["pod-of-a", "pod-of-b"]),
      settings: { reportLogsGone: true },
    },
    want: ["markLogsUnavailable a"],
  },
  {
    name: "LogsAvailable does not change if reportLogsGone is off",
    given: { runs: [{ ...aFinishedRun("a"), logsAt: 4 }], deletedPods: new Set(["pod-of-a"]) },
    want: [],
  },
];

describe("decide", () => {
  it.each(table)("$name", ({ given, want }) => {
    expect(decisionLines(given)).toEqual(want);
  });

  it("names the rule that decided about each run", () => {
    const { decided } = decide(
      observed({ runs: [admitted, b], jobs: [aJob(admitted)], pods: [aRunningPod(admitted)] }),
    );
    expect(decided).toEqual([
      { run: "a", rule: "an admitted run shows its pod" },
      { run: "b", rule: "a run that is not next waits" },
    ]);
    expect(decide(observed({ runs: [aFinishedRun("a")] })).decided).toEqual([]);
  });

  it("requeues at the nearest deadline", () => {
    const runs = [anAdmittedRun("a", { age: 100, admittedAgo: 100 }), aRun("b", { age: 10, queueDeadlineSeconds: 15 })];
    const { requeueAtMs } = decide(observed({ runs, jobs: [aJob(admitted)], pods: [aPodOnNode(admitted)] }));
    expect(requeueAtMs).toBe(nowMs + 5_000);
  });

  it("requeues after a start deadline if the caches catch up later", () => {
    const pod = aPodOnNode(admitted, { createdMs: nowMs - 595_000 });
    const given = { runs: [anAdmittedRun("a", { admittedAgo: 595 })], jobs: [aJob(admitted)], pods: [pod] };
    expect(decide(observed(given)).requeueAtMs).toBe(nowMs + 5_000);
    expect(decide(observed({ ...given, catchUpUntilMs: nowMs + 12_000 })).requeueAtMs).toBe(nowMs + 12_000);
  });

  it("decides the same status again for an unchanged pod", () => {
    const [first] = decide(
      observed({ runs: [admitted], jobs: [aJob(admitted)], pods: [aRunningPod(admitted)] }),
    ).groups.flat();
    if (first?.do !== "updateStatus") throw new Error("the first decision is not about the status");
    const same = observed({
      runs: [{ ...admitted, status: first.status }],
      jobs: [aJob(admitted)],
      pods: [aRunningPod(admitted)],
    });
    const [later] = decide({ ...same, nowMs: nowMs + 60_000 }).groups.flat();
    expect(later).toEqual({ do: "updateStatus", run: same.runs[0], status: first.status, isDebounced: false });
  });
});
