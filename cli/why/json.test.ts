import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CliHarness, succeeded } from "../testing/command.ts";
import type { Explanation } from "./explanation.ts";

let bench: CliHarness;
beforeEach(async () => {
  bench = await new CliHarness().open();
});
afterEach(() => bench.close());

async function storyOf(name: string): Promise<Explanation> {
  const { stdout } = await bench.runInProcess(["why", "-o", "json", name]);
  return JSON.parse(stdout) as Explanation;
}

const created = "2026-11-23T00:00:00Z";

describe("why -o json", () => {
  it("has numbers as numbers, money as decimal strings, commands as lists", async () => {
    bench.put(
      "one",
      { budget: { maxCostUSD: "0.50" }, disruptionRetries: 2 },
      {
        phase: "Failed",
        attempt: 2,
        conditions: [succeeded("False", "MaxTurns")],
        failure: { reason: "MaxTurns", message: "Enough.", retryable: false },
        startTime: created,
        completionTime: "2026-11-23T00:01:30Z",
        result: { turns: 3, costUSD: "0.0006", exitCode: 1 },
      },
    );
    const story = await storyOf("one");
    expect(story).toMatchObject({ phase: "Failed", reason: "MaxTurns", retryable: false });
    expect(story.facts).toEqual({
      turns: 3,
      costUSD: "0.0006",
      costIsComplete: true,
      maxCostUSD: "0.50",
      durationSeconds: 90,
      exitCode: 1,
      attempt: 2,
      maxAttempts: 3,
    });
    expect(story.next[0]?.slice(0, 3)).toEqual(["kubectl", "claude", "logs"]);
  });

  it("has no phase of a run that no operator has looked at, and advice from the first second", async () => {
    bench.put("one", {}, undefined, { creationTimestamp: new Date().toISOString() });
    const story = await storyOf("one");
    expect(story.phase).toBeUndefined();
    expect(story.whatToDo).toMatch(
      /^No operator has processed the run yet\. Check the operator with: kubectl claude doctor /,
    );
  });

  it("shows a cancel that waits for a node", async () => {
    const pod = { name: "one-1", uid: "p", node: "node-1" };
    bench.put("one", { cancel: true, cancelReason: "by me" }, { phase: "Running", pod });
    expect((await storyOf("one")).facts.cancelRequested).toEqual({ reason: "by me" });
    const { stdout } = await bench.runInProcess(["why", "one"]);
    expect(stdout).toContain("cancel  requested (by me); waiting until the pod has stopped on node node-1\n");
  });
});

describe("the start deadline", () => {
  const spec = { startDeadlineSeconds: 600, disruptionRetries: 1 };
  const pod = { name: "one-2", uid: "p" };
  const rows: readonly [what: string, status: object, until: string | undefined][] = [
    ["counts from the admission", { admittedTime: "2026-11-23T00:01:00Z", pod }, "2026-11-23T00:11:00.000Z"],
    ["counts from a later attempt's pod", { admittedTime: created, attempt: 2, pod }, "2026-11-23T00:15:00.000Z"],
    [
      "counts from the end of the earlier attempt while there is no pod",
      {
        admittedTime: created,
        attempt: 2,
        conditions: [
          { type: "PodScheduled", status: "False", reason: "Retrying", lastTransitionTime: "2026-11-23T00:03:00Z" },
        ],
      },
      "2026-11-23T00:13:00.000Z",
    ],
    [
      "is not guessed without the pod",
      { admittedTime: created, attempt: 2, pod: { name: "gone", uid: "q" } },
      undefined,
    ],
  ];
  it.each(rows)("%s", async (_, status, until) => {
    bench.api.put("pods", { metadata: { name: "one-2", creationTimestamp: "2026-11-23T00:05:00Z" } });
    bench.put("one", spec, { phase: "Pending", conditions: [succeeded("Unknown", "Starting")], ...status });
    expect((await storyOf("one")).facts.deadline?.time).toBe(until);
  });
});

it.each([403, 404, 409])("an answer of %d is told in one line", async (code) => {
  bench.api.fault = () => ({ kind: "reject", code });
  expect((await bench.runInProcess(["list"])).stderr).toMatch(/^error: .*\n$/);
});
