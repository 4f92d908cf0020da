import { describe, expect, it } from "vitest";
import { anAdmittedRun, anEndedPod, aPodOnNode, aRunningPod, nowMs } from "../testing/builders.ts";
import type { Pod, Run } from "../domain.ts";
import { outcome } from "./outcome.ts";
import { finished } from "./ended-status.ts";
import { retrying } from "./status.ts";

const usage = { inputTokens: 10, outputTokens: 2, cacheReadInputTokens: 0, cacheCreationInputTokens: 1 };
const cutShort = { reason: "NoResult", stop: { cause: "Signal", time: "2026-01-01T11:59:00Z" } } as const;
const evicted = { deleting: true, disruption: { reason: "EvictionByEvictionAPI" } };

function fresh(facts: Parameters<typeof anAdmittedRun>[1] = {}): Run {
  return anAdmittedRun("a", { disruptionRetries: 2, ...facts });
}

/** The first attempt ends with this pod; then the second, admitted anew, with that one. */
function inAll(first: Pod, second: Pod, run = fresh()) {
  const between = retrying(run, outcome(run, first, undefined), nowMs);
  const again: Run = { ...run, status: { ...between, phase: "Running", pod: { name: "p2", uid: "u2" } } };
  return { between, end: finished(again, outcome(again, second, undefined), nowMs) };
}

const run = fresh();
const ended = (result: object, more: object = {}, pod: Partial<Pod> = {}): Pod =>
  anEndedPod(run, { report: { result, ...more }, exitCode: 0, pod });

describe("what a run of two attempts made and spent", () => {
  it("is the sum of both, in the words of the last", () => {
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
    const { between, end } = inAll(first, ended(good));
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

  it("is marked incomplete when an attempt could not report: the rest is no guess", () => {
    const lost = aRunningPod(run, { phase: "Failed", disruption: { reason: "DeletionByPodGC" } });
    const { between, end } = inAll(
      lost,
      ended({ turns: 3, costUSD: "0.03" }),
      fresh({ status: { progress: { turns: 4 } } }),
    );
    expect(between.result).toEqual({ turns: 4, incomplete: true });
    expect(end.result).toEqual({ turns: 7, costUSD: "0.03", durationMs: 7_000, incomplete: true });
  });

  it("is the last attempt's alone when the first never started", () => {
    const waiting = aPodOnNode(run, { phase: "Failed", ...evicted });
    const { between, end } = inAll(waiting, ended({ turns: 3, costUSD: "0.03" }));
    expect(between.result).toBeUndefined();
    expect(end.result).toEqual({ turns: 3, costUSD: "0.03" });
  });

  it("bears a forged cost", () => {
    const { end } = inAll(
      ended({ turns: 1, costUSD: "much" }, cutShort, evicted),
      ended({ turns: 1, costUSD: "0.03" }),
    );
    expect(end.result).toMatchObject({ turns: 2 });
    expect(end.result?.costUSD).not.toBe("NaN");
  });
});

describe("between two attempts the status", () => {
  const workspace = { persistentVolumeClaim: { claimName: "w" }, mountPath: "/w" };
  const first = ended({ costUSD: "0.0012" }, { ...cutShort, progress: { turns: 2 } }, evicted);

  it("says what ended the attempt, what it cost and how it goes on", () => {
    const kept = fresh({ workspace });
    const said = retrying(kept, outcome(kept, first, undefined), nowMs);
    expect(said).toMatchObject({ phase: "Pending", attempt: 2, session: { id: "3f6c" } });
    expect(said).not.toHaveProperty("pod");
    expect(said.conditions).toContainEqual(
      expect.objectContaining({
        type: "Succeeded",
        status: "Unknown",
        reason: "Retrying",
        message:
          "Attempt 1 of 3 ended: The pod was evicted from its node. It made 2 turns, it cost $0.0012. Attempt 2 continues session 3f6c.",
      }),
    );
    expect(said.conditions).toContainEqual(expect.objectContaining({ type: "Admitted", status: "True" }));
  });

  it("says that the session is gone where no claim kept the workspace", () => {
    const said = retrying(run, outcome(run, first, undefined), nowMs);
    expect(said.conditions?.find(({ type }) => type === "Succeeded")?.message).toMatch(
      /Attempt 2 starts anew: .*claim/,
    );
  });
});
