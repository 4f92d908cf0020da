import { describe, expect, it } from "vitest";
import { anAdmittedRun, anEndedPod, aPodOnNode, aRunningPod, nowMs } from "../testing/builders.ts";
import type { Pod, Run } from "../domain.ts";
import { outcome } from "./outcome.ts";
import { finished } from "./ended-status.ts";
import { retrying } from "./status.ts";

const usage = { inputTokens: 10, outputTokens: 2, cacheReadInputTokens: 0, cacheCreationInputTokens: 1 };
const cutShort = { reason: "NoResult", stop: { cause: "Signal", time: "2026-01-01T11:59:00Z" } } as const;
const evicted = { isDeleting: true, disruption: { reason: "EvictionByEvictionAPI" } };

function admittedRun(facts: Parameters<typeof anAdmittedRun>[1] = {}): Run {
  return anAdmittedRun("a", { disruptionRetries: 2, ...facts });
}

/** The statuses after the end of the first and of the second attempt's pod. */
function afterAttempts(first: Pod, second: Pod, run = admittedRun()) {
  const between = retrying(run, outcome(run, first, undefined), nowMs);
  const secondRun: Run = { ...run, status: { ...between, phase: "Running", pod: { name: "p2", uid: "u2" } } };
  return { between, end: finished(secondRun, outcome(secondRun, second, undefined), nowMs) };
}

const run = admittedRun();
const ended = (result: object, more: object = {}, pod: Partial<Pod> = {}): Pod =>
  anEndedPod(run, { report: { result, ...more }, exitCode: 0, pod });

describe("the result of a run with two attempts", () => {
  it("has the sums of both, and the texts of the last", () => {
    const first = ended(
      { costUSD: "0.0012", usage, models: [{ model: "m", costUSD: "0.0012" }] },
      { ...cutShort, progress: { turns: 2 } },
      evicted,
    );
    const good = {
      turns: 3,
      durationMs: 4_000,
      costUSD: "0.03",
      usage,
      models: [
        { model: "n", costUSD: "0.02" },
        { model: "m", costUSD: "0.01" },
      ],
      text: "done",
      exitCode: 0,
      isError: false,
    };
    const { between, end } = afterAttempts(first, ended(good));
    expect(between.result).toEqual({
      turns: 2,
      durationMs: 7_000,
      costUSD: "0.0012",
      usage,
      models: [{ model: "m", costUSD: "0.0012" }],
    });
    expect(end.result).toEqual({
      turns: 5,
      durationMs: 11_000,
      costUSD: "0.0312",
      usage: { inputTokens: 20, outputTokens: 4, cacheReadInputTokens: 0, cacheCreationInputTokens: 2 },
      models: [
        { model: "n", costUSD: "0.02" },
        { model: "m", costUSD: "0.0112" },
      ],
      text: "done",
      exitCode: 0,
      isError: false,
    });
  });

  it("is incomplete if an attempt could not report", () => {
    const lost = aRunningPod(run, { phase: "Failed", disruption: { reason: "DeletionByPodGC" } });
    const { between, end } = afterAttempts(
      lost,
      ended({ turns: 3, costUSD: "0.03" }),
      admittedRun({ status: { progress: { turns: 4 } } }),
    );
    expect(between.result).toEqual({ turns: 4, incomplete: true });
    expect(end.result).toEqual({ turns: 7, costUSD: "0.03", durationMs: 7_000, incomplete: true });
  });

  it("is that of the last attempt if the first never started", () => {
    const waiting = aPodOnNode(run, { phase: "Failed", ...evicted });
    const { between, end } = afterAttempts(waiting, ended({ turns: 3, costUSD: "0.03" }));
    expect(between.result).toBeUndefined();
    expect(end.result).toEqual({ turns: 3, costUSD: "0.03" });
  });

  it("ignores a forged cost", () => {
    const { end } = afterAttempts(
      ended({ turns: 1, costUSD: "much" }, cutShort, evicted),
      ended({ turns: 1, costUSD: "0.03" }),
    );
    expect(end.result).toMatchObject({ turns: 2 });
    expect(end.result?.costUSD).not.toBe("NaN");
  });
});

describe("the status between two attempts", () => {
  const workspace = { persistentVolumeClaim: { claimName: "w" }, mountPath: "/w" };
  const first = ended({ costUSD: "0.0012" }, { ...cutShort, progress: { turns: 2 } }, evicted);

  it("shows why the attempt ended, its cost and the next attempt", () => {
    const kept = admittedRun({ workspace });
    const between = retrying(kept, outcome(kept, first, undefined), nowMs);
    expect(between).toMatchObject({ phase: "Pending", attempt: 2, session: { id: "3f6c" } });
    expect(between).not.toHaveProperty("pod");
    expect(between.conditions).toContainEqual(
      expect.objectContaining({
        type: "Succeeded",
        status: "Unknown",
        reason: "Retrying",
        message:
          "Attempt 1 of 3 ended: The pod was evicted from its node. It made 2 turns, it cost $0.0012. Attempt 2 continues session 3f6c.",
      }),
    );
    expect(between.conditions).toContainEqual(expect.objectContaining({ type: "Admitted", status: "True" }));
  });

  it("shows that the session is lost if no claim kept the workspace", () => {
    const between = retrying(run, outcome(run, first, undefined), nowMs);
    expect(between.conditions?.find(({ type }) => type === "Succeeded")?.message).toMatch(
      /Attempt 2 starts over: .*claim/,
    );
  });
});
