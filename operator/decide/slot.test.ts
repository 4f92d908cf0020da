import { describe, expect, it } from "vitest";
import type { Pod } from "../domain.ts";
import { anAdmittedRun, anEndedPod, aPod, aPodOnNode, aRun, aRunningPod } from "../testing/builders.ts";
import { judgeSlot } from "./slot.ts";

const mine = aRun("mine", { age: 30 });
const other = aRun("other", { age: 60 });
const pod = aPod(mine);
const stranger = (facts: Partial<Pod> = {}): Pod => aPod(other, { gated: false, ...facts });

const table: readonly { name: string; listed: Pod[]; want: string }[] = [
  { name: "alone: free", listed: [pod], want: "free" },
  { name: "a list that does not even show ours is as good", listed: [], want: "free" },
  { name: "another pod runs: taken", listed: [pod, aRunningPod(other)], want: "taken by other-pod" },
  {
    name: "another pod was let go and has no node yet: taken",
    listed: [pod, aPod(other, { gated: false, held: true })],
    want: "taken by other-pod",
  },
  {
    name: "another pod ends on its node: taken until the node says that it has",
    listed: [pod, aRunningPod(other, { deleting: true })],
    want: "taken by other-pod",
  },
  { name: "a pod that ended: free", listed: [pod, anEndedPod(other)], want: "free" },
  {
    name: "gated and being deleted can never be bound: free",
    listed: [pod, aPod(other, { deleting: true })],
    want: "free",
  },
  {
    name: "being deleted without a node can never be bound: free",
    listed: [pod, aPod(other, { gated: false, held: true, deleting: true })],
    want: "free",
  },
  { name: "an older gated pod comes first", listed: [pod, aPod(other)], want: "behind other-pod" },
  {
    name: "a gated pod of higher priority comes first",
    listed: [pod, aPod(other, { createdMs: pod.createdMs + 1, priority: 1 })],
    want: "behind other-pod",
  },
  {
    name: "a younger gated pod is withdrawn",
    listed: [pod, aPod(other, { createdMs: pod.createdMs + 1 })],
    want: "contended: other-pod",
  },
  {
    name: "of two gated pods of one age the uid decides",
    listed: [pod, aPod(other, { createdMs: pod.createdMs, uid: "pod-of-a" })],
    want: "behind other-pod",
  },
  {
    name: "a running pod outweighs a younger gated one",
    listed: [pod, aPod(other, { createdMs: pod.createdMs + 1 }), aRunningPod(other)],
    want: "taken by other-pod",
  },
  {
    name: "somebody else's pod that wears our label does not count",
    listed: [pod, stranger({ node: "node-1", phase: "Running" })],
    want: "free",
  },
];

describe("judgeSlot", () => {
  it.each(table)("$name", ({ listed, want }) => {
    const verdict = judgeSlot(pod, listed, [mine, other]);
    const said = {
      free: () => "free",
      taken: () => `taken by ${"by" in verdict ? verdict.by.name : ""}`,
      contended: () => `contended: ${"withdraw" in verdict ? verdict.withdraw.map(({ name }) => name).join(" ") : ""}`,
      behind: () => `behind ${"of" in verdict ? verdict.of.name : ""}`,
    }[verdict.slot]();
    expect(said).toBe(want);
  });

  it("a pod whose finalizer was stripped still counts while its uid stands in a status", () => {
    const holder = anAdmittedRun("other");
    const bare = aPodOnNode(holder, { held: false, phase: "Running" });
    expect(judgeSlot(pod, [pod, bare], [mine, holder]).slot).toBe("taken");
  });
});
