import { describe, expect, it } from "vitest";
import type { Pod } from "../domain.ts";
import { anAdmittedRun, anEndedPod, aPod, aPodOnNode, aRun, aRunningPod } from "../testing/builders.ts";
import { evaluateSlot } from "./slot.ts";

const mine = aRun("mine", { age: 30 });
const other = aRun("other", { age: 60 });
const pod = aPod(mine);
const labelledPod = (facts: Partial<Pod> = {}): Pod => aPod(other, { isGated: false, ...facts });

const table: readonly { name: string; listed: Pod[]; want: string }[] = [
  { name: "alone: free", listed: [pod], want: "free" },
  { name: "the list may lack the candidate's pod: free", listed: [], want: "free" },
  { name: "another pod runs: taken", listed: [pod, aRunningPod(other)], want: "taken by other-pod" },
  {
    name: "another pod is ungated and has no node yet: taken",
    listed: [pod, aPod(other, { isGated: false, hasFinalizer: true })],
    want: "taken by other-pod",
  },
  {
    name: "another pod is being deleted on its node: taken until its end is confirmed",
    listed: [pod, aRunningPod(other, { isDeleting: true })],
    want: "taken by other-pod",
  },
  { name: "an ended pod: free", listed: [pod, anEndedPod(other)], want: "free" },
  {
    name: "gated and being deleted can never be bound: free",
    listed: [pod, aPod(other, { isDeleting: true })],
    want: "free",
  },
  {
    name: "being deleted without a node can never be bound: free",
    listed: [pod, aPod(other, { isGated: false, hasFinalizer: true, isDeleting: true })],
    want: "free",
  },
  { name: "an older gated pod comes first", listed: [pod, aPod(other)], want: "behind other-pod" },
  {
    name: "a gated pod of higher priority comes first",
    listed: [pod, aPod(other, { createdMs: pod.createdMs + 1, priority: 1 })],
    want: "behind other-pod",
  },
  {
    name: "a younger gated pod is deleted",
    listed: [pod, aPod(other, { createdMs: pod.createdMs + 1 })],
    want: "contended: other-pod",
  },
  {
    name: "between gated pods of the same second the uid decides",
    listed: [pod, aPod(other, { createdMs: pod.createdMs, uid: "pod-of-a" })],
    want: "behind other-pod",
  },
  {
    name: "a running pod outweighs a younger gated one",
    listed: [pod, aPod(other, { createdMs: pod.createdMs + 1 }), aRunningPod(other)],
    want: "taken by other-pod",
  },
  {
    name: "a pod with only the label does not count",
    listed: [pod, labelledPod({ node: "node-1", phase: "Running" })],
    want: "free",
  },
];

describe("evaluateSlot", () => {
  it.each(table)("$name", ({ listed, want }) => {
    const verdict = evaluateSlot(pod, listed, [mine, other]);
    const text = {
      free: () => "free",
      taken: () => `taken by ${"by" in verdict ? verdict.by.name : ""}`,
      contended: () => `contended: ${"withdraw" in verdict ? verdict.withdraw.map(({ name }) => name).join(" ") : ""}`,
      behind: () => `behind ${"of" in verdict ? verdict.of.name : ""}`,
    }[verdict.slot]();
    expect(text).toBe(want);
  });

  it.each([
    ["a running pod with only label and finalizer does not count", { hasFinalizer: true }, "free"],
    ["an orphaned pod that an operator ungated counts", { hasFinalizer: true, isUngatedByUs: true }, "taken"],
    [
      "a gated pod without a Job never comes first, whatever its age and priority: it is deleted",
      { isGated: true, priority: 9, createdMs: 0 },
      "contended",
    ],
  ])("%s", (_, facts, want) => {
    const { jobUid, ...bare } = aPod(other, { isGated: false, ...facts });
    expect(jobUid).toBeDefined();
    expect(evaluateSlot(pod, [pod, bare], [mine, other]).slot).toBe(want);
  });

  it("counts a pod without the finalizer while a status names its uid", () => {
    const holder = anAdmittedRun("other");
    const bare = aPodOnNode(holder, { hasFinalizer: false, phase: "Running" });
    expect(evaluateSlot(pod, [pod, bare], [mine, holder]).slot).toBe("taken");
  });
});
