import { describe, expect, it } from "vitest";
import { decide } from "./decide.ts";
import type { Decision } from "./decision.ts";
import { readRefusal } from "./refusal.ts";
import * as status from "./status.ts";
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

/** A decision in one line: what, to which run, and what the status would say. */
function line(decision: Decision): string {
  switch (decision.do) {
    case "make":
    case "removeRun":
      return `${decision.do} ${decision.run.name}`;
    case "admit":
    case "letGo":
      return `${decision.do} ${decision.run.name}`;
    case "stop":
      return `stop ${decision.pod.name} ${decision.stop.reason}`;
    case "withdraw":
      return `withdraw ${[decision.pod?.name, decision.job?.name].filter((name) => name !== undefined).join(" ")}`;
    case "record":
    case "recordLost": {
      const succeeded = decision.status.conditions?.find(({ type }) => type === "Succeeded");
      const position = decision.status.queuePosition === undefined ? "" : ` #${decision.status.queuePosition}`;
      const soft = decision.do === "record" && decision.soft === true ? " (soft)" : "";
      return `${decision.do} ${decision.run.name} ${decision.status.phase ?? ""}/${succeeded?.reason ?? ""}${position}${soft}`;
    }
    case "release":
      return `release ${decision.pod.name}`;
    case "sweep":
      return `sweep ${decision.pod?.name ?? decision.job?.name ?? ""}${decision.run === undefined ? " (run gone?)" : ""}`;
    default:
      return decision satisfies never;
  }
}

const says = (facts: Parameters<typeof observed>[0]): string[] => decide(observed(facts)).groups.flat().map(line);

const a = aRun("a", { age: 60 });
const b = aRun("b", { age: 30 });
const held = anAdmittedRun("a", { age: 60 });

/** A run of 60 s whose pod a quota has refused for so many seconds. */
function refusedRun(seconds: number): ReturnType<typeof aRun> {
  const refusal = readRefusal("exceeded quota: team");
  return { ...a, status: status.refused(a, refusal, nowMs - seconds * 1000) };
}

const table: readonly { name: string; given: Parameters<typeof observed>[0]; want: string[] }[] = [
  // — the queue —
  {
    name: "the oldest run's Job is made, the other waits",
    given: { runs: [b, a] },
    want: ["record b Queued/AgentBusy #2", "make a", "record a Queued/Admitting (soft)"],
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
    want: ["record a Queued/Suspended", "make b", "record b Queued/Admitting (soft)"],
  },
  {
    name: "suspending a run that was admitted changes nothing",
    given: { runs: [anAdmittedRun("a", { suspend: true })], jobs: [aJob(held)], pods: [aRunningPod(held)] },
    want: ["record a Running/Running"],
  },
  {
    name: "suspending a run whose pod is still gated withdraws it",
    given: { runs: [aRun("a", { suspend: true })], jobs: [aJob(a)], pods: [aPod(a)] },
    want: ["withdraw a-pod a-job", "record a Queued/Suspended"],
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
    name: "the sixth in the queue is not told its position",
    given: {
      runs: [held, ...[1, 2, 3, 4, 5, 6].map((n) => aRun(`q${n}`, { age: 50 - n }))],
      jobs: [aJob(held)],
      pods: [aRunningPod(held)],
    },
    want: [
      "record a Running/Running",
      ...[1, 2, 3, 4, 5].map((n) => `record q${n} Queued/AgentBusy #${n}`),
      "record q6 Queued/AgentBusy",
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
    given: { runs: [anAdmittedRun("a", { admittedAgo: 601 })], jobs: [aJob(held)], pods: [aPod(held)] },
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
      runs: [anAdmittedRun("a", { admittedAgo: 601 })],
      jobs: [aJob(held)],
      pods: [
        aPodOnNode(held, { container: { kind: "waiting", reason: "ImagePullBackOff", message: "no such image" } }),
      ],
    },
    want: ["stop a-pod ImagePullFailed"],
  },
  {
    name: "a pod past the start deadline without a known cause",
    given: { runs: [anAdmittedRun("a", { admittedAgo: 601 })], jobs: [aJob(held)], pods: [aPodOnNode(held)] },
    want: ["stop a-pod StartDeadlineExceeded"],
  },
  {
    name: "a running pod has no start deadline",
    given: { runs: [anAdmittedRun("a", { admittedAgo: 6010 })], jobs: [aJob(held)], pods: [aRunningPod(held)] },
    want: ["record a Running/Running"],
  },
  // — the end —
  {
    name: "an ended pod's result is recorded, then the pod is given back, then the next is made",
    given: { runs: [held], jobs: [aJob(held)], pods: [anEndedPod(held, { report: {} })] },
    want: ["record a Succeeded/Completed", "release a-pod"],
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
    want: ["recordLost a Failed/PodDeleted"],
  },
  {
    name: "a pod that is being deleted and has no node can never run: it has ended",
    given: { runs: [held], jobs: [aJob(held)], pods: [aPod(held, { gated: false, held: true, deleting: true })] },
    want: ["record a Failed/PodDeleted", "release a-pod"],
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
    want: ["record a Queued/Suspended", "make b", "record b Queued/Admitting (soft)"],
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
];

describe("decide", () => {
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

  it("looks again at the nearest deadline", () => {
    const runs = [anAdmittedRun("a", { admittedAgo: 100 }), aRun("b", { age: 10, queueDeadlineSeconds: 15 })];
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
