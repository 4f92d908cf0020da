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
    name: "a good report counts despite cancel if no SIGTERM of the operator preceded it",
    of: cancelled,
    pod: anEndedPod(run, { report: {} }),
    want: "Completed",
  },
  {
    name: "a good report after the operator's SIGTERM: cancelled, and the result is kept",
    of: cancelled,
    pod: anEndedPod(run, { report: { stop: byTerm.stop } }),
    want: "Cancelled",
  },
  {
    name: "a report of a claude that hung after its result is good",
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
    name: "cancelled, but it had failed before",
    of: cancelled,
    pod: anEndedPod(run, { report: { reason: "MaxTurns" }, exitCode: 1 }),
    want: "MaxTurns",
  },
  {
    name: "stopped because another run replaced it",
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
    name: "the runner's deadline",
    pod: anEndedPod(run, {
      report: { reason: "DeadlineExceeded", stop: { cause: "DeadlineExceeded", time: byTerm.stop.time } },
      exitCode: 143,
    }),
    want: "DeadlineExceeded",
  },
  {
    name: "the pod's deadline, while it ran",
    pod: anEndedPod(run, { exitCode: 137, pod: { reason: "DeadlineExceeded" } }),
    want: "DeadlineExceeded",
  },
  {
    name: "out of memory, killed with the runner",
    pod: anEndedPod(run, { report: { complete: false, result: { turns: 1 } }, exitCode: 137, reason: "OOMKilled" }),
    want: "OOMKilled",
  },
  {
    name: "deleted by a user, while the Job exists",
    job: aJob(run),
    pod: anEndedPod(run, { report: byTerm, exitCode: 143, pod: { isDeleting: true } }),
    want: "PodDeleted",
  },
  {
    name: "deleted with its Job",
    job: undefined,
    pod: anEndedPod(run, { report: byTerm, exitCode: 143, pod: { isDeleting: true } }),
    want: "JobLost",
  },
  {
    name: "deleted after claude's end",
    job: undefined,
    pod: anEndedPod(run, { report: {}, pod: { isDeleting: true } }),
    want: "Completed",
  },
  {
    name: "evicted",
    pod: anEndedPod(run, {
      report: byTerm,
      exitCode: 143,
      pod: { disruption: { reason: "EvictionByEvictionAPI" }, isDeleting: true },
    }),
    want: "Evicted",
  },
  {
    name: "evicted by the kubelet",
    pod: anEndedPod(run, { exitCode: 137, pod: { reason: "Evicted", message: "The node was low on memory" } }),
    want: "Evicted",
  },
  {
    name: "evicted for the pod's own storage limit",
    pod: anEndedPod(run, {
      exitCode: 137,
      pod: {
        reason: "Evicted",
        message: "Pod ephemeral local storage usage exceeds the total limit of containers 64Mi. ",
      },
    }),
    want: "LimitExceeded",
  },
  {
    name: "evicted for claude's storage limit with a SIGTERM, and the container was not found again",
    pod: anEndedPod(run, {
      report: byTerm,
      exitCode: 137,
      reason: "ContainerStatusUnknown",
      pod: { reason: "Evicted", message: 'Container claude exceeded its local ephemeral storage limit "64Mi". ' },
    }),
    want: "LimitExceeded",
  },
  {
    name: "evicted for the size of a volume",
    pod: anEndedPod(run, {
      exitCode: 137,
      pod: { reason: "Evicted", message: 'Usage of EmptyDir volume "cache" exceeds the limit "64Mi". ' },
    }),
    want: "LimitExceeded",
  },
  {
    name: "evicted for its own limit after claude's end",
    pod: anEndedPod(run, {
      report: { reason: "MaxTurns" },
      exitCode: 1,
      pod: { reason: "Evicted", message: 'Usage of EmptyDir volume "cache" exceeds the limit "64Mi". ' },
    }),
    want: "MaxTurns",
  },
  {
    name: "evicted because the node was low on storage, whatever its limits",
    pod: anEndedPod(run, {
      exitCode: 137,
      pod: {
        reason: "Evicted",
        message:
          "The node was low on resource: ephemeral-storage. Container claude was using 90Mi, request is 16Mi, which exceeds the limit",
      },
    }),
    want: "Evicted",
  },
  {
    name: "the runtime lost the container",
    pod: anEndedPod(run, { exitCode: 255, reason: "Unknown" }),
    want: "ContainerLost",
  },
  {
    name: "the runtime lost the container, with its last progress",
    pod: anEndedPod(run, { exitCode: 255, reason: "Error", report: { complete: false } }),
    want: "ContainerLost",
  },
  {
    name: "the kubelet does not find the container again",
    pod: anEndedPod(run, {
      exitCode: 137,
      reason: "ContainerStatusUnknown",
      report: "The container could not be located when the pod was terminated",
    }),
    want: "ContainerLost",
  },
  {
    name: "claude itself ended with 255, and its report is complete",
    pod: anEndedPod(run, { exitCode: 255, reason: "Error", report: { reason: "ClaudeFailed" } }),
    want: "ClaudeFailed",
  },
  {
    name: "a lost container while being cancelled",
    of: cancelled,
    pod: anEndedPod(run, { exitCode: 255, reason: "Unknown" }),
    want: "Cancelled",
  },
  {
    name: "preempted",
    pod: anEndedPod(run, { exitCode: 143, pod: { disruption: { reason: "PreemptionByScheduler" }, isDeleting: true } }),
    want: "Preempted",
  },
  {
    name: "its node became unreachable and was tainted by a user",
    pod: aRunningPod(run, { phase: "Failed", disruption: { reason: "DeletionByTaintManager" }, isDeleting: true }),
    want: "NodeLost",
  },
  {
    name: "a taint on a healthy node: its kubelet has ended the container",
    pod: anEndedPod(run, {
      report: byTerm,
      exitCode: 143,
      pod: { disruption: { reason: "DeletionByTaintManager" }, isDeleting: true },
    }),
    want: "Evicted",
  },
  {
    name: "the kubelet removed it for a critical pod",
    pod: aPodOnNode(run, { phase: "Failed", reason: "Preempting", disruption: { reason: "TerminationByKubelet" } }),
    want: "Preempted",
  },
  {
    name: "evicted after the runner had ended claude for its deadline",
    pod: anEndedPod(run, {
      report: { reason: "DeadlineExceeded", stop: { cause: "DeadlineExceeded", time: byTerm.stop.time } },
      exitCode: 143,
      pod: { disruption: { reason: "EvictionByEvictionAPI" }, isDeleting: true },
    }),
    want: "DeadlineExceeded",
  },
  {
    name: "its node was lost",
    pod: aPodOnNode(run, { phase: "Failed", disruption: { reason: "DeletionByPodGC" }, isDeleting: true }),
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
    name: "a container that the runtime rejects",
    pod: anEndedPod(run, { exitCode: 128, reason: "StartError", report: "no such directory" }),
    want: "ContainerStartFailed",
  },
  {
    name: "a node that rejected the pod",
    pod: aPodOnNode(run, { phase: "Failed", reason: "OutOfcpu", message: "Node didn't have enough resource: cpu" }),
    want: "Unschedulable",
  },
  {
    name: "a missing Secret",
    pod: waiting("CreateContainerConfigError", 'secret "x" not found', { reason: "DeadlineExceeded" }),
    want: "ContainerStartFailed",
  },
  { name: "no message from the container", pod: anEndedPod(run, { exitCode: 1 }), want: "ResultUnreadable" },
  {
    name: "a message that is no report",
    pod: anEndedPod(run, { exitCode: 0, report: "hello" }),
    want: "ResultUnreadable",
  },
  {
    name: "an incomplete report",
    pod: anEndedPod(run, { exitCode: 137, report: { complete: false } }),
    want: "NoResult",
  },
];

describe("a pod that the Job controller deleted", () => {
  it.each([
    ["DeadlineExceeded", "because Job a-job failed: DeadlineExceeded"],
    ["BackoffLimitExceeded", "A user or another controller deleted the pod while it ran. Find out"],
  ])("because its Job failed with %s", (failed, text) => {
    const pod = anEndedPod(run, { report: byTerm, exitCode: 143, pod: { isDeleting: true } });
    const { reason, message } = outcome(run, pod, aJob(run, { isFinished: true, failed }));
    expect(reason).toBe("PodDeleted");
    expect(message).toContain(text);
  });
});

describe("outcome", () => {
  it.each(table)("$name: $want", ({ pod, of = run, want, ...rest }) => {
    expect(outcome(of, pod, "job" in rest ? rest.job : aJob(run)).reason).toBe(want);
  });

  it("names the exceeded limit and the field to raise", () => {
    const messageOf = (message: string): string =>
      outcome(run, anEndedPod(run, { exitCode: 137, pod: { reason: "Evicted", message } }), aJob(run)).message;
    const field = "Raise spec.pod.resources.limits.ephemeral-storage (64Mi).";
    expect(messageOf("Pod ephemeral local storage usage exceeds the total limit of containers 64Mi. ")).toContain(
      field,
    );
    expect(messageOf('Container claude exceeded its local ephemeral storage limit "64Mi". ')).toContain(field);
    expect(messageOf('Container proxy exceeded its local ephemeral storage limit "1Mi". ')).toContain(
      "container proxy (1Mi)",
    );
    expect(messageOf('Usage of EmptyDir volume "cache" exceeds the limit "2Mi". ')).toContain(
      "volume cache in spec.pod",
    );
    expect(messageOf("Pod ephemeral local storage usage exceeds the total limit of containers 1Gi")).toContain("(1Gi)");
  });

  it("shows that the container was killed, and not that claude ended", () => {
    const pod = anEndedPod(run, { exitCode: 137, report: { complete: false } });
    const { reason, message } = outcome(run, pod, aJob(run));
    expect(reason).toBe("NoResult");
    expect(message).not.toContain("claude ended");
    expect(message).toContain("was killed (exit code 137, SIGKILL)");
  });

  it("of a failure contains the details and the next step", () => {
    expect(failure("OOMKilled", "killed at 512Mi").message).toBe(
      `${failureReasons.OOMKilled.meaning} killed at 512Mi. ${failureReasons.OOMKilled.whatToDo}`,
    );
  });

  it("of a failure does not repeat the meaning if the runner's message contains it", () => {
    const { meaning, whatToDo } = failureReasons.MaxTurns;
    expect(failure("MaxTurns", `${meaning} claude says: Reached 2`).message).toBe(
      `${meaning} claude says: Reached 2. ${whatToDo}`,
    );
    expect(failure("MaxTurns", meaning).message).toBe(`${meaning} ${whatToDo}`);
  });

  it("of a pod that never started quotes an Event", () => {
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

  it("keeps only the valid fields of a forged report", () => {
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

  it("marks the result of an incomplete report as incomplete", () => {
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

  it("of a very short run has the conditions of its node and start too", () => {
    const status = finished(run, outcome(run, anEndedPod(run, { report: {} }), aJob(run)), nowMs);
    const shown = Object.fromEntries((status.conditions ?? []).map((each) => [each.type, each.status]));
    expect(shown).toMatchObject({ PodScheduled: "True", Started: "True", Finished: "True", LogsAvailable: "True" });
  });

  it("of a cancelled run has the user's reason and no failure", () => {
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
