/** `why`: what happened to a run and what to do, in order of time. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CliHarness, succeeded } from "../testing/command.ts";

let bench: CliHarness;
beforeEach(async () => {
  bench = await new CliHarness().open();
});
afterEach(() => bench.close());

describe("why", () => {
  it("tells a failure: what happened, what to do, in order of time", async () => {
    bench.put(
      "one",
      {},
      {
        phase: "Failed",
        conditions: [succeeded("False", "ImagePullFailed", "x:y: not found.")],
        failure: {
          reason: "ImagePullFailed",
          message:
            "The container image could not be pulled within startDeadlineSeconds. x:y: not found. Check spec.pod.image, imagePullSecrets and that nodes can reach the registry.",
          retryable: false,
        },
        admittedTime: "2026-11-23T00:00:01Z",
        completionTime: "2026-11-23T00:10:00Z",
        pod: { name: "one-1", uid: "p", node: "node-1", phase: "Pending", waitingReason: "ImagePullBackOff" },
      },
    );
    bench.api.put("events", {
      metadata: { name: "e" },
      involvedObject: { kind: "Pod", uid: "p" },
      type: "Warning",
      reason: "Failed",
      message: "Failed to pull image",
      lastTimestamp: "2026-11-23T00:00:30Z",
      count: 4,
    });
    const { stdout } = await bench.runInProcess(["why", "one"]);
    const [story = "", next] = stdout.split("\nNext\n");
    expect(next).toMatch(/^ {2}kubectl claude retry --kubeconfig \S+ --dry-run=client -o yaml one\n$/);
    expect(story.split("\n")).toEqual([
      "one  Failed: ImagePullFailed",
      "agent nightly, namespace agents",
      "",
      "What happened",
      "  The container image could not be pulled within startDeadlineSeconds.",
      "  x:y: not found.",
      "",
      "What to do",
      "  Check spec.pod.image, imagePullSecrets and that nodes can reach the registry.",
      "",
      "Facts",
      "  cost  unknown",
      "  pod   one-1 on node-1, Pending ImagePullBackOff",
      "",
      "Timeline",
      "  2026-11-23 UTC",
      "  00:00:00    +0s  run   created",
      "  00:00:01    +1s  run   admitted  holds the slot of agent nightly",
      "  00:00:30   +30s  pod   Failed (4 times)  Failed to pull image",
      "  00:10:00  +600s  run   ended  Failed (ImagePullFailed)",
      "",
    ]);
  });

  it("tells moments of one second in the order in which they come about", async () => {
    const second = "2026-11-23T00:00:01Z";
    bench.put(
      "one",
      {},
      {
        phase: "Succeeded",
        conditions: [succeeded("True", "Completed")],
        admittedTime: second,
        startTime: second,
        completionTime: second,
        jobName: "one-1",
        pod: { name: "one-1", uid: "p", node: "node-1", phase: "Succeeded" },
      },
    );
    const told = [
      { reason: "Started", kind: "Pod" },
      { reason: "Completed", kind: "Job" },
      { reason: "SuccessfulCreate", kind: "Job" },
      { reason: "Scheduled", kind: "Pod" },
      { reason: "Unheard", kind: "Pod" },
      { reason: "FailedScheduling", kind: "Pod" },
    ];
    for (const { reason, kind } of told) {
      bench.api.put("events", {
        metadata: { name: reason.toLowerCase() },
        involvedObject: { kind, name: "one-1", uid: "p" },
        type: "Normal",
        reason,
        message: "",
        lastTimestamp: second,
      });
    }
    const { stdout } = await bench.runInProcess(["why", "one"]);
    const rows = stdout.split("\n").filter((line) => line.startsWith("  00:00:01"));
    expect(rows.map((row) => row.trim().split(/ +/).slice(2, 4).join(" "))).toEqual([
      "run admitted",
      "job SuccessfulCreate",
      "pod FailedScheduling",
      "pod Scheduled",
      "pod Started",
      "run started",
      "pod Unheard",
      "run ended",
      "job Completed",
    ]);
  });

  it("tells one that waits who is ahead", async () => {
    bench.put(
      "first",
      {},
      { phase: "Running", admittedTime: "2026-11-23T00:00:01Z", conditions: [succeeded("Unknown", "Running")] },
    );
    bench.put("second", {}, { phase: "Queued", queuePosition: 1, conditions: [succeeded("Unknown", "AgentBusy")] });
    bench.put("third", {}, { phase: "Queued", queuePosition: 2, conditions: [succeeded("Unknown", "AgentBusy")] });
    const { stdout } = await bench.run(["why", "third", "-n", "agents"]);
    expect(stdout).toContain("  ahead     first (Running), 1 waiting\n");
    expect(stdout).toContain("  position  2\n");
    expect(stdout).toContain("  kubectl claude cancel -n agents third\n");
  });

  it("tells what it could not read, and the rest", async () => {
    bench.put("one", {}, { phase: "Succeeded", conditions: [succeeded("True", "Completed")] });
    bench.api.fault = ({ verb }) => (verb === "list events" ? { kind: "reject", code: 403 } : undefined);
    const { code, stdout } = await bench.runInProcess(["why", "one"]);
    expect(code).toBe(0);
    expect(stdout).toContain("one  Succeeded: Completed\n");
    expect(stdout).toContain("cannot read the Events: rejected by the test\n");
  });
});
