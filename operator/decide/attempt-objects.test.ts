/** Selects the pod that counts for a run's attempt. */
import { expect, it } from "vitest";
import { aJob, aPod, aRun, nowMs, observed } from "../testing/builders.ts";
import { AttemptObjects } from "./attempt-objects.ts";
import { decide } from "./decide.ts";

const run = aRun("a");
const pod = aPod(run);
const { jobUid, ...unowned } = aPod(run, { name: "by-hand", uid: "by-hand", createdMs: nowMs - 90_000 });

it.each([
  ["first", [unowned, pod]],
  ["last", [pod, unowned]],
])("takes the Job's gated pod where a user made another, listed %s", (_, pods) => {
  expect(jobUid).toBe(aJob(run).uid);
  expect(new AttemptObjects({ jobs: [aJob(run)], pods }).of(run).pod).toBe(pod);
  const admitted = decide(observed({ runs: [run], jobs: [aJob(run)], pods }))
    .groups.flat()
    .filter((decision) => decision.do === "admit");
  expect(admitted.map((decision) => decision.pod.name)).toEqual([pod.name]);
});
