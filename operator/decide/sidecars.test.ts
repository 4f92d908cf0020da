import { describe, expect, it } from "vitest";
import {
  aFinishedRun,
  aJob,
  aLingeringPod,
  anAdmittedRun,
  anEndedPod,
  aPod,
  aRetriedRun,
  aRun,
  nowMs,
  observed,
  stopOf,
} from "../testing/builders.ts";
import { decisionLines, type Row } from "../testing/decision-lines.ts";
import { condition } from "./conditions.ts";
import { decide } from "./decide.ts";
import { evaluateSlot } from "./slot.ts";

const admitted = anAdmittedRun("a", { age: 60 });
const b = aRun("b", { age: 30 });
const done = aFinishedRun("a", { endedAgo: 2 });
const jobs = [aJob(admitted)];
const signalled = { reason: "NoResult", stop: { cause: "Signal", time: "2026-01-01T11:59:58Z" } } as const;

const table: readonly Row[] = [
  {
    name: "a complete report is recorded at once, and the finalizer stays on the pod",
    given: { runs: [admitted], jobs, pods: [aLingeringPod(admitted, { report: {} })] },
    want: ["updateStatus a Succeeded/Completed"],
  },
  {
    name: "so is a failure that claude reported",
    given: {
      runs: [admitted],
      jobs,
      pods: [aLingeringPod(admitted, { report: { reason: "ApiError", message: "500" }, exitCode: 1 })],
    },
    want: ["updateStatus a Failed/ApiError"],
  },
  {
    name: "a stop by the operator that has ended claude is recorded at once",
    given: {
      runs: [anAdmittedRun("a", { age: 60, cancel: true })],
      jobs,
      pods: [aLingeringPod(admitted, { report: signalled, exitCode: 143, pod: { stop: stopOf("Cancelled") } })],
    },
    want: ["updateStatus a Cancelled/Cancelled"],
  },
  {
    name: "the sender of a signal is known at the pod's end only: another attempt may follow a drain",
    given: {
      runs: [anAdmittedRun("a", { age: 60, disruptionRetries: 1 })],
      jobs,
      pods: [aLingeringPod(admitted, { report: signalled, exitCode: 143, pod: { isDeleting: true } })],
    },
    want: ["updateStatus a Pending/Ending (debounced)"],
  },
  {
    name: "without a report the run waits for the pod's end, which the other containers delay",
    given: { runs: [admitted, b], jobs, pods: [aLingeringPod(admitted, { exitCode: 137 })] },
    want: ["updateStatus a Pending/Ending (debounced)", "updateStatus b Queued/PreviousPodNotConfirmed #1"],
  },
  {
    name: "after their grace the operator ends the pod",
    given: {
      runs: [anAdmittedRun("a", { age: 60, sidecarGraceSeconds: 2 })],
      jobs,
      pods: [aLingeringPod(admitted, { exitCode: 137 })],
    },
    want: ["endSidecars a-pod"],
  },
  {
    name: "it does so once",
    given: {
      runs: [anAdmittedRun("a", { age: 60, sidecarGraceSeconds: 2 })],
      jobs,
      pods: [aLingeringPod(admitted, { exitCode: 137, pod: { isEndingSidecars: true } })],
    },
    want: ["updateStatus a Pending/Ending (debounced)"],
  },
  {
    name: "pod and finalizer of a finished run stay within the grace, and the next run asks for the slot",
    given: { runs: [done, b], jobs, pods: [aLingeringPod(admitted, { report: {} })] },
    want: ["createJob b", "updateStatus b Queued/Admitting (debounced)"],
  },
  {
    name: "the pod of a finished run is ended after the grace, but not deleted",
    given: {
      runs: [aFinishedRun("a", { sidecarGraceSeconds: 0 })],
      jobs,
      pods: [aLingeringPod(admitted, { report: {} })],
    },
    want: ["endSidecars a-pod"],
  },
  {
    name: "nothing is done about a pod whose containers have all ended",
    given: { runs: [done], jobs, pods: [{ ...anEndedPod(admitted, { report: {} }), phase: "Running" }] },
    want: [],
  },
  {
    name: "a run with a TTL of 0 is kept until its pod has ended, because its status names the pod",
    given: {
      runs: [aFinishedRun("a", { ttlSecondsAfterFinished: 0 })],
      jobs,
      pods: [aLingeringPod(admitted, { report: {} })],
    },
    want: [],
  },
  {
    name: "it is deleted once the pod has ended",
    given: { runs: [aFinishedRun("a", { ttlSecondsAfterFinished: 0 })] },
    want: ["deleteRun a"],
  },
  {
    name: "a look-alike of a finished run's pod has no grace",
    given: { runs: [done], jobs, pods: [aLingeringPod(admitted, { pod: { uid: "another", hasFinalizer: false } })] },
    want: ["collectGarbage a-pod"],
  },
];

describe("containers that outlive claude", () => {
  it.each(table)("$name", ({ given, want }) => {
    expect(decisionLines(given)).toEqual(want);
  });

  it("keep the slot taken although their run is finished", () => {
    const pod = aLingeringPod(admitted, { report: {} });
    const verdict = evaluateSlot(aPod(b), [aPod(b), pod], [done, b]);
    expect(verdict).toMatchObject({ slot: "taken", by: { name: "a-pod" } });
  });

  it("keep the slot taken while a status names their pod, even without the finalizer", () => {
    const pod = aLingeringPod(admitted, { report: {}, pod: { hasFinalizer: false } });
    expect(evaluateSlot(aPod(b), [aPod(b), pod], [done, b]).slot).toBe("taken");
  });

  it("keep the slot taken for the next attempt of their own run", () => {
    const run = aRetriedRun("a");
    const next = aPod(run, { name: "a-2", uid: "second", attempt: 2 });
    expect(evaluateSlot(next, [next, aLingeringPod(run, { pod: { isDeleting: true } })], [run]).slot).toBe("taken");
  });

  it("are named in the status of the waiting run and of their own run", () => {
    const pods = [aLingeringPod(admitted, { exitCode: 1 })];
    const messages = decide(observed({ runs: [admitted, b], jobs, pods }))
      .groups.flat()
      .flatMap((each) => (each.do === "updateStatus" ? [condition(each.status.conditions, "Succeeded")?.message] : []));
    const next =
      "container mesh-proxy has not ended. The operator ends the pod when spec.sidecarGraceSeconds of its run have passed.";
    expect(messages).toEqual([`claude has ended, but ${next}`, `Pod a-pod of run a (node-1) has not ended: ${next}`]);
  });

  it("have time until the end of the grace", () => {
    const run = aFinishedRun("a", { sidecarGraceSeconds: 10 });
    const { requeueAtMs } = decide(observed({ runs: [run], jobs, pods: [aLingeringPod(admitted, { report: {} })] }));
    expect(requeueAtMs).toBe(nowMs + 8_000);
  });

  it("are named in the final status, because the slot is not free yet", () => {
    const slotHeld = { type: "Admitted", status: "True", reason: "SlotHeld", message: "" } as const;
    const conditions = [{ ...slotHeld, lastTransitionTime: "2026-01-01T11:59:00Z" }];
    const run = { ...admitted, status: { ...admitted.status, conditions } };
    const [first] = decide(observed({ runs: [run], jobs, pods: [aLingeringPod(run, { report: {} })] })).groups.flat();
    const slot = first?.do === "updateStatus" ? condition(first.status.conditions, "Admitted") : undefined;
    expect(slot?.message).toContain("once pod a-pod has ended: container mesh-proxy has not ended");
  });

  it("are ended by a deadline that does not count as claude's", () => {
    const pod = anEndedPod(admitted, { exitCode: 1, pod: { reason: "DeadlineExceeded", isEndingSidecars: true } });
    expect(decisionLines({ runs: [admitted], jobs, pods: [pod] })).toEqual([
      "updateStatus a Failed/ResultUnreadable",
      "removeFinalizer a-pod",
    ]);
  });
});
