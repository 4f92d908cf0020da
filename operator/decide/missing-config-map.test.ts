import { describe, expect, it } from "vitest";
import { aPod, aRun } from "../testing/builders.ts";
import { configMapLost, missingConfigMap } from "./missing-config-map.ts";

const mount = 'MountVolume.SetUp failed for volume "';

describe("a kubelet's Event", () => {
  it.each([
    [`${mount}claude-run-runner" : configmap "claude-run-runner-0123456789ab" not found`, "runner"],
    [`${mount}claude-run-config" : configmap "fix-login-0f6b2c1d-1" not found`, "run"],
    // The user may still create it.
    [`${mount}claude-run-prompt" : configmap "prompts" not found`, undefined],
    [`${mount}theirs" : configmap "claude-run-runner-0123456789ab" not found`, undefined],
    // A temporary error.
    [`${mount}claude-run-config" : failed to sync configmap cache: timed out waiting for the condition`, undefined],
    [`${mount}claude-run-config" : secret "fix-login-0f6b2c1d-1" not found`, undefined],
    ["", undefined],
  ])("%s: %s is missing", (message, role) => {
    expect(missingConfigMap({ message })).toBe(role);
  });
});

it("a pod without its ConfigMap is stopped with a message that names it and the next step", () => {
  const pod = aPod(aRun("a"), { runnerConfigMap: "claude-run-runner-0123456789ab" });
  expect(configMapLost(pod, "runner").message).toMatch(
    /ConfigMap claude-run-runner-0123456789ab .*cannot create.*run it again/,
  );
  expect(configMapLost(pod, "run")).toMatchObject({
    reason: "RunnerChanged",
    message: expect.stringContaining("ConfigMap a-job ") as string,
  });
});
