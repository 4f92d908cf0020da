import { describe, expect, it } from "vitest";
import { decide } from "./decide.ts";
import type { Job, Pod, Run } from "../domain.ts";
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
  aRetriedRun,
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
    case "markLogsGone":
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
      const how =
        decision.do === "record"
          ? [decision.soft === true ? " (soft)" : "", decision.paced === true ? " (paced)" : ""].join("")
          : "";
      const proviso = decision.ifThere === undefined ? "" : ` (if ${decision.ifThere.name} is there)`;
      return `${decision.do} ${decision.run.name} ${decision.status.phase ?? ""}/${succeeded?.reason ?? ""}${position}${how}${proviso}`;
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
const mayRetry = anAdmittedRun("a", { disruptionRetries: 1 });
const lastAttempt = anAdmittedRun("a", { disruptionRetries: 1, status: { attempt: 2 } });
const secondLate = anAdmittedRun("a", { age: 900, admittedAgo: 800, status: { attempt: 2 } });
const unstarted = anAdmittedRun("a", { age: 610, admittedAgo: 601 });

const byTerm = { reason: "NoResult", stop: { cause: "Signal", time: "2026-01-01T11:59:00Z" } } as const;
/** Ended by somebody who marked the pod so. */
const disrupted = (run: Run, reason: string, facts: Partial<Pod> = {}): Pod =>
  anEndedPod(run, { report: byTerm, exitCode: 143, pod: { deleting: true, disruption: { reason }, ...facts } });
const retried = aRetriedRun("a");
const second: Partial<Pod & Job> = { attempt: 2 };

/** A run of 60 s whose pod a quota has refused for so many seconds. */
function refusedRun(seconds: number): ReturnType<typeof aRun> {
  const refusal = readRefusal("exceeded quota: team");
  return { ...a, status: status.refused(a, refusal, nowMs - seconds * 1000) };
}

it("what the log said of a running run's progress is recorded, and only while it runs", () => {
  const sample = { log: { lines: 3, bytes: 30 }, progress: { turns: 1, activity: "Bash" } };
  const statusOf = (pod: ReturnType<typeof aRunningPod>): unknown =>
    decide(observed({ runs: [held], jobs: [aJob(held)], pods: [pod] }))
      .groups.flat()
      .find((decision) => decision.do === "record")?.status;
  expect(statusOf({ ...aRunningPod(held), sample })).toMatchObject(sample);
  expect(statusOf({ ...anEndedPod(held), sample })).not.toHaveProperty("progress");
});

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
  // — attempts —
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
