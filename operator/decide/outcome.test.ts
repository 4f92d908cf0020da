import { describe, expect, it } from "vitest";
import { failureReasons } from "../../crds/reasons.ts";
import type { Job, Pod, Run } from "../domain.ts";
import { aJob, anAdmittedRun, anEndedPod, aPodOnNode, aRunningPod, nowMs, stopOf } from "../testing/builders.ts";
import { failure, outcome, startFailure } from "./outcome.ts";
import { finished } from "./ended-status.ts";

const run = anAdmittedRun("a");
const cancelled = anAdmittedRun("a", { cancel: true, cancelReason: "by hand" });
const byTerm = {
  complete: true,
  reason: "NoResult",
  message: "claude ended by SIGTERM",
  stop: { cause: "Signal", time: "2026-01-01T11:59:00Z" },
} as const;
const waiting = (reason: string, message?: string, facts: Partial<Pod> = {}): Pod =>
  aPodOnNode(run, {
    phase: "Failed",
    container: { kind: "waiting", reason, ...(message === undefined ? {} : { message }) },
    ...facts,
  });

const table: readonly { name: string; pod: Pod; of?: Run; job?: Job | undefined; want: string }[] = [
  { name: "a good report: Completed", pod: anEndedPod(run, { report: {} }), want: "Completed" },
  {
    name: "a good report beats the kubelet's OOMKilled: only a child of claude died",
    pod: anEndedPod(run, { report: {}, reason: "OOMKilled" }),
    want: "Completed",
  },
  {
    name: "a good report stands although cancel came, as our TERM did not precede it",
    of: cancelled,
    pod: anEndedPod(run, { report: {} }),
    want: "Completed",
  },
  {
    name: "a good report after our TERM: cancelled, and the result is kept",
    of: cancelled,
    pod: anEndedPod(run, { report: { stop: byTerm.stop } }),
    want: "Cancelled",
  },
  {
    name: "a report of a result that hung after it is good",
    pod: anEndedPod(run, { report: { stop: { cause: "ResultGrace", time: byTerm.stop.time } } }),
    want: "Completed",
  },
  {
    name: "cancelled and ended by the signal",
    of: cancelled,
    pod: anEndedPod(run, { report: byTerm, exitCode: 143 }),
    want: "Cancelled",
  },
  {
    name: "cancelled, but it had failed by itself before",
    of: cancelled,
    pod: anEndedPod(run, { report: { reason: "MaxTurns" }, exitCode: 1 }),
    want: "MaxTurns",
  },
  {
    name: "stopped for another run",
    pod: anEndedPod(run, { report: byTerm, exitCode: 143, pod: { stop: stopOf("Replaced") } }),
    want: "Replaced",
  },
  {
    name: "stopped because it never started",
    pod: waiting("ImagePullBackOff", "no such image", { stop: stopOf("ImagePullFailed") }),
    want: "ImagePullFailed",
  },
  {
    name: "killed without a report while being cancelled",
    of: cancelled,
    pod: anEndedPod(run, { exitCode: 137 }),
    want: "Cancelled",
  },
  {
    name: "the runner's reason",
    pod: anEndedPod(run, { report: { reason: "UsageLimited" }, exitCode: 1 }),
    want: "UsageLimited",
  },
  {
    name: "the runner's own deadline",
    pod: anEndedPod(run, {
      report: { reason: "DeadlineExceeded", stop: { cause: "DeadlineExceeded", time: byTerm.stop.time } },
      exitCode: 143,
    }),
    want: "DeadlineExceeded",
  },
  {
    name: "the kubelet's backstop deadline, while it ran",
    pod: anEndedPod(run, { exitCode: 137, pod: { reason: "DeadlineExceeded" } }),
    want: "DeadlineExceeded",
  },
  {
    name: "out of memory, killed with the runner",
    pod: anEndedPod(run, { report: { complete: false, result: { turns: 1 } }, exitCode: 137, reason: "OOMKilled" }),
    want: "OOMKilled",
  },
  {
    name: "deleted by somebody, the Job still there",
    job: aJob(run),
    pod: anEndedPod(run, { report: byTerm, exitCode: 143, pod: { deleting: true } }),
    want: "PodDeleted",
  },
  {
    name: "deleted with its Job",
    job: undefined,
    pod: anEndedPod(run, { report: byTerm, exitCode: 143, pod: { deleting: true } }),
    want: "JobLost",
  },
  {
    name: "deleted after it had ended by itself",
    job: undefined,
    pod: anEndedPod(run, { report: {}, pod: { deleting: true } }),
    want: "Completed",
  },
  {
    name: "evicted",
    pod: anEndedPod(run, {
      report: byTerm,
      exitCode: 143,
      pod: { disruption: { reason: "EvictionByEvictionAPI" }, deleting: true },
    }),
    want: "Evicted",
  },
  {
    name: "evicted by the kubelet",
    pod: anEndedPod(run, { exitCode: 137, pod: { reason: "Evicted", message: "The node was low on memory" } }),
    want: "Evicted",
  },
  {
    name: "preempted",
    pod: anEndedPod(run, { exitCode: 143, pod: { disruption: { reason: "PreemptionByScheduler" }, deleting: true } }),
    want: "Preempted",
  },
  {
    name: "its node fell silent, and was released by hand",
    pod: aRunningPod(run, { phase: "Failed", disruption: { reason: "DeletionByTaintManager" }, deleting: true }),
    want: "NodeLost",
  },
  {
    name: "a taint on a node that is well: its kubelet has ended the container",
    pod: anEndedPod(run, {
      report: byTerm,
      exitCode: 143,
      pod: { disruption: { reason: "DeletionByTaintManager" }, deleting: true },
    }),
    want: "Evicted",
  },
  {
    name: "a critical pod needed its place",
    pod: aPodOnNode(run, { phase: "Failed", reason: "Preempting", disruption: { reason: "TerminationByKubelet" } }),
    want: "Preempted",
  },
  {
    name: "evicted after the runner had ended claude for its deadline",
    pod: anEndedPod(run, {
      report: { reason: "DeadlineExceeded", stop: { cause: "DeadlineExceeded", time: byTerm.stop.time } },
      exitCode: 143,
      pod: { disruption: { reason: "EvictionByEvictionAPI" }, deleting: true },
    }),
    want: "DeadlineExceeded",
  },
  {
    name: "its node was lost",
    pod: aPodOnNode(run, { phase: "Failed", disruption: { reason: "DeletionByPodGC" }, deleting: true }),
    want: "NodeLost",
  },
  {
    name: "no node in the image",
    pod: anEndedPod(run, {
      exitCode: 128,
      reason: "StartError",
      report: 'exec: "node": executable file not found in $PATH',
    }),
    want: "RunnerMissing",
  },
  {
    name: "a container the runtime refuses",
    pod: anEndedPod(run, { exitCode: 128, reason: "StartError", report: "no such directory" }),
    want: "ContainerStartFailed",
  },
  {
    name: "a node that refused the pod",
    pod: aPodOnNode(run, { phase: "Failed", reason: "OutOfcpu", message: "Node didn't have enough resource: cpu" }),
    want: "Unschedulable",
  },
  {
    name: "a Secret that is missing",
    pod: waiting("CreateContainerConfigError", 'secret "x" not found', { reason: "DeadlineExceeded" }),
    want: "ContainerStartFailed",
  },
  { name: "not a word from the container", pod: anEndedPod(run, { exitCode: 1 }), want: "ResultUnreadable" },
  {
    name: "a message that is not ours",
    pod: anEndedPod(run, { exitCode: 0, report: "hello" }),
    want: "ResultUnreadable",
  },
  {
    name: "a report that was never completed",
    pod: anEndedPod(run, { exitCode: 137, report: { complete: false } }),
    want: "NoResult",
  },
];

describe("outcome", () => {
  it.each(table)("$name: $want", ({ pod, of = run, want, ...rest }) => {
    expect(outcome(of, pod, "job" in rest ? rest.job : aJob(run)).reason).toBe(want);
  });

  it("of a failure names what to do, and what was said", () => {
    expect(failure("OOMKilled", "killed at 512Mi").message).toBe(
      `${failureReasons.OOMKilled.meaning} killed at 512Mi. ${failureReasons.OOMKilled.whatToDo}`,
    );
  });

  it("of a failure does not say twice what the runner said in the same words", () => {
    const { meaning, whatToDo } = failureReasons.MaxTurns;
    expect(failure("MaxTurns", `${meaning} claude says: Reached 2`).message).toBe(
      `${meaning} claude says: Reached 2. ${whatToDo}`,
    );
    expect(failure("MaxTurns", meaning).message).toBe(`${meaning} ${whatToDo}`);
  });

  it("of a pod that never started quotes what an Event said", () => {
    const conditions = [
      {
        type: "Succeeded",
        status: "Unknown" as const,
        reason: "FailedMount",
        message: 'secret "x" not found',
        lastTransitionTime: "2026-01-01T11:59:00Z",
      },
    ];
    const stuck = anAdmittedRun("a", { status: { ...run.status, conditions } });
    const pod = aPodOnNode(stuck, { container: { kind: "waiting", reason: "ContainerCreating" } });
    expect(startFailure(stuck, pod)).toMatchObject({
      reason: "ContainerStartFailed",
      message: expect.stringContaining('secret "x" not found') as string,
    });
  });

  it("keeps of a forged report only what fits a status", () => {
    const forged = JSON.stringify({
      v: 1,
      complete: true,
      reason: "Completed",
      result: { turns: "many", costUSD: "0.01", extra: { a: 1 } },
      session: { id: "x".repeat(999) },
      log: "no",
    });
    const status = finished(run, outcome(run, anEndedPod(run, { report: forged }), aJob(run)), nowMs);
    expect(status.result).toEqual({ costUSD: "0.01" });
    expect(status.session).toBeUndefined();
    expect(status.log).toBeUndefined();
  });

  it("marks the result of an incomplete report", () => {
    const pod = anEndedPod(run, {
      report: { complete: false, result: { turns: 3 } },
      exitCode: 137,
      reason: "OOMKilled",
    });
    const status = finished(run, outcome(run, pod, aJob(run)), nowMs);
    expect(status).toMatchObject({
      phase: "Failed",
      result: { turns: 3, incomplete: true },
      failure: { reason: "OOMKilled", retryable: false },
    });
  });

  it("of a run so short that nobody saw it run says all the same that it had a node and started", () => {
    const status = finished(run, outcome(run, anEndedPod(run, { report: {} }), aJob(run)), nowMs);
    const shown = Object.fromEntries((status.conditions ?? []).map((each) => [each.type, each.status]));
    expect(shown).toMatchObject({ PodScheduled: "True", Started: "True", Finished: "True", LogsAvailable: "True" });
  });

  it("of a cancelled run shows the user's reason and no failure", () => {
    const status = finished(
      cancelled,
      outcome(cancelled, anEndedPod(run, { report: byTerm, exitCode: 143 }), aJob(run)),
      nowMs,
    );
    expect(status.phase).toBe("Cancelled");
    expect(status.failure).toBeUndefined();
    expect(status.conditions?.find(({ type }) => type === "Succeeded")).toMatchObject({
      status: "False",
      reason: "Cancelled",
      message: "spec.cancel was set: by hand",
    });
  });
});
