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
import { says, type Row } from "../testing/says.ts";
import { decide } from "./decide.ts";

const a = aRun("a", { age: 60 });
const b = aRun("b", { age: 30 });
const held = anAdmittedRun("a", { age: 60 });

const table: readonly Row[] = [
  // — cancel —
  {
    name: "a waiting run that is cancelled ends at once",
    given: { runs: [aRun("a", { cancel: true })] },
    want: ["record a Cancelled/Cancelled"],
  },
  {
    name: "a gated one is withdrawn first",
    given: { runs: [aRun("a", { cancel: true })], jobs: [aJob(a)], pods: [aPod(a)] },
    want: ["withdraw a-pod a-job", "record a Cancelled/Cancelled"],
  },
  {
    name: "a running one is stopped",
    given: { runs: [anAdmittedRun("a", { cancel: true })], jobs: [aJob(held)], pods: [aRunningPod(held)] },
    want: ["stop a-pod Cancelled"],
  },
  {
    name: "a stopped one is waited for",
    given: {
      runs: [anAdmittedRun("a", { cancel: true })],
      jobs: [aJob(held)],
      pods: [aRunningPod(held, { stop: stopOf("Cancelled") })],
    },
    want: ["record a Running/Cancelling"],
  },
  {
    name: "cancelled before it was let go: its pod is stopped, not let go",
    given: { runs: [anAdmittedRun("a", { cancel: true })], jobs: [aJob(held)], pods: [aPod(held)] },
    want: ["stop a-pod Cancelled"],
  },
  {
    name: "a waiting run whose client is lost ends, its gated pod is withdrawn",
    given: { runs: [a], jobs: [aJob(a)], pods: [aPod(a)], lostClients: new Map([[a.uid, "Lease web expired"]]) },
    want: ["withdraw a-pod a-job", "record a Cancelled/ClientLost"],
  },
  {
    name: "a suspended run whose client is lost ends too",
    given: { runs: [aRun("a", { suspend: true })], lostClients: new Map([[a.uid, "Lease web expired"]]) },
    want: ["record a Cancelled/ClientLost"],
  },
  {
    name: "a running run whose client is lost is stopped; its pod says why",
    given: {
      runs: [held, b],
      jobs: [aJob(held)],
      pods: [aRunningPod(held)],
      lostClients: new Map([[held.uid, "Lease web expired"]]),
    },
    want: ["stop a-pod ClientLost", "record b Queued/AgentBusy #1"],
  },
  {
    name: "an admitted run whose client is lost and whose pod is gone is not called lost itself",
    given: { runs: [held], lostClients: new Map([[held.uid, "Lease web expired"]]) },
    want: ["recordLost a Cancelled/ClientLost"],
  },
  // — a status edited by hand —
  {
    name: "a run whose pod was taken out of its status is admitted again, not started again",
    given: { runs: [aRun("a", { status: { phase: "Queued" } }), b], jobs: [aJob(a)], pods: [aRunningPod(a)] },
    want: ["record a Pending/Scheduling", "record b Queued/AgentBusy #2"],
  },
  {
    name: "also if its attempt was changed too",
    given: { runs: [aRun("a", { status: { attempt: 7 } })], jobs: [aJob(a)], pods: [aRunningPod(a)] },
    want: ["record a Pending/Scheduling"],
  },
  {
    name: "a run whose phase was set to a finished one ends with it, and its pod is removed",
    given: { runs: [{ ...aFinishedRun("a"), endedByHand: true }], jobs: [aJob(held)], pods: [aRunningPod(held)] },
    want: ["sweep a-pod", "record a Succeeded/StatusEdited"],
  },
  // — leftovers —
  {
    name: "a pod of a run that nobody sees is swept, after asking",
    given: { pods: [aRunningPod(a)], jobs: [aJob(a)] },
    want: ["sweep a-pod (run gone?)", "sweep a-job (run gone?)"],
  },
  {
    name: "a Job that a frozen replica made for a finished run is swept",
    given: {
      runs: [aFinishedRun("a")],
      jobs: [aJob(held, { uid: "late", name: "late" })],
      pods: [aPod(held, { uid: "late-pod", name: "late-pod" })],
    },
    want: ["sweep late-pod", "sweep late"],
  },
  { name: "a run that is being deleted makes nothing new", given: { runs: [aRun("a", { deleting: true })] }, want: [] },
  {
    name: "of an agent's finished runs the oldest beyond the history limit are removed",
    given: {
      runs: [
        aFinishedRun("new", { endedAgo: 1 }),
        aFinishedRun("old", { endedAgo: 9 }),
        aFinishedRun("mid", { endedAgo: 5 }),
        b,
      ],
      settings: { historyLimit: 1 },
    },
    want: ["make b", "record b Queued/Admitting (soft)", "removeRun old", "removeRun mid"],
  },
  {
    name: "one whose pod is not given back is not removed, nor one that is being deleted",
    given: {
      runs: [
        aFinishedRun("a", { endedAgo: 9 }),
        aFinishedRun("b", { endedAgo: 8, deleting: true }),
        aFinishedRun("c", { endedAgo: 5 }),
        aFinishedRun("d", { endedAgo: 5 }),
      ],
      pods: [anEndedPod(held, { report: {} })],
      settings: { historyLimit: 2 },
    },
    want: ["release a-pod"],
  },
  {
    name: "a finished run whose pod is gone says that its log is",
    given: {
      runs: [{ ...aFinishedRun("a"), logsAt: 4 }, aFinishedRun("b"), { ...aFinishedRun("c"), logsAt: 4 }],
      gonePods: new Set(["pod-of-a", "pod-of-b"]),
      settings: { reportLogsGone: true },
    },
    want: ["markLogsGone a"],
  },
  {
    name: "unless that is switched off",
    given: { runs: [{ ...aFinishedRun("a"), logsAt: 4 }], gonePods: new Set(["pod-of-a"]) },
    want: [],
  },
];

describe("decide", () => {
  it.each(table)("$name", ({ given, want }) => {
    expect(says(given)).toEqual(want);
  });

  it("looks again at the nearest deadline", () => {
    const runs = [anAdmittedRun("a", { age: 100, admittedAgo: 100 }), aRun("b", { age: 10, queueDeadlineSeconds: 15 })];
    const { wakeAtMs } = decide(observed({ runs, jobs: [aJob(held)], pods: [aPodOnNode(held)] }));
    expect(wakeAtMs).toBe(nowMs + 5_000);
  });

  it("writes nothing new about a run whose status already says it", () => {
    const [first] = decide(observed({ runs: [held], jobs: [aJob(held)], pods: [aRunningPod(held)] })).groups.flat();
    if (first?.do !== "record") throw new Error("the run's status was not decided");
    const same = observed({ runs: [{ ...held, status: first.status }], jobs: [aJob(held)], pods: [aRunningPod(held)] });
    const [later] = decide({ ...same, nowMs: nowMs + 60_000 }).groups.flat();
    expect(later).toEqual({ do: "record", run: same.runs[0], status: first.status, soft: false });
  });
});
