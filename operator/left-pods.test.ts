import { describe, expect, it } from "vitest";
import { agentKey, type Pod } from "./domain.ts";
import { LeftPods } from "./left-pods.ts";
import { anAdmittedRun, aPod, aRunningPod } from "./testing/builders.ts";

const run = anAdmittedRun("a");
const pod = aRunningPod(run);
const ofOther = { ...pod, agent: "other" };
const agent = agentKey(pod.namespace, pod.agent);
const other = agentKey(pod.namespace, "other");

type Change = readonly [before: Pod | undefined, after: Pod | undefined];

function left(...changes: Change[]): LeftPods {
  const pods = new LeftPods();
  for (const [before, after] of changes) pods.record({ before, after });
  return pods;
}

describe("a pod that left the watch", () => {
  it.each<[string, Change[], Pod[]]>([
    ["while it ran counts", [[pod, undefined]], [pod]],
    ["while it was gated counts", [[aPod(run), undefined]], [aPod(run)]],
    ["after its end does not", [[{ ...pod, phase: "Failed" }, undefined]], []],
    [
      "and came back does not",
      [
        [pod, undefined],
        [undefined, pod],
      ],
      [],
    ],
    ["with another agent's label counts for its own agent", [[pod, ofOther]], [pod]],
    [
      "with another agent's label, and came back, does not count",
      [
        [pod, ofOther],
        [ofOther, pod],
      ],
      [],
    ],
    [
      "with another agent's label, and then left the watch, counts for its own agent",
      [
        [pod, ofOther],
        [ofOther, undefined],
      ],
      [pod],
    ],
  ])("%s", (_, changes, want) => {
    expect(left(...changes).ofAgent(agent)).toEqual(want);
  });

  it("is removed once a read has shown whether it exists", () => {
    const pods = left([pod, undefined]);
    pods.forget(pod.uid);
    expect(pods.ofAgent(agent)).toEqual([]);
  });

  it("does not count for the other agent after its own label was restored", () => {
    expect(left([pod, ofOther], [ofOther, pod]).ofAgent(other)).toEqual([]);
  });
});
