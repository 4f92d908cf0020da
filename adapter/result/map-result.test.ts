/** Cases of the adapter that this one replaces, by their numbers: how an end is told to the host. */
import { describe, expect, it } from "vitest";
import { failureReasons } from "../../crds/reasons.ts";
import { errorCodes } from "./error-codes.ts";
import { mapResult } from "./map-result.ts";
import type { Outcome } from "./outcome.ts";
import { Transcript } from "../../client/transcript.ts";

const init = { type: "system", subtype: "init", model: "claude-opus-5", session_id: "s" };
const success = { type: "result", subtype: "success", is_error: false, result: "Done.", session_id: "s" };

function said(...events: readonly (object | string)[]): Transcript {
  const transcript = new Transcript();
  for (const event of events) transcript.read(typeof event === "string" ? event : JSON.stringify(event));
  return transcript;
}

function map(outcome: Partial<Outcome>, transcript = said()): ReturnType<typeof mapResult> {
  return mapResult({
    outcome: { kind: "Failed", reason: "NoResult", message: "", result: {}, ...outcome },
    transcript,
    timeoutSec: 30,
    plan: {
      workspace: { claim: undefined, subPath: undefined, mountPath: "/workspace" },
      resumed: undefined,
      environment: { plain: {}, secret: {}, notes: [] },
    },
  });
}

const answer = (message: object): object => ({ type: "assistant", session_id: "s", message });

describe("a result", () => {
  it("case 1: a success has session, usage, cost and summary", () => {
    const usage = { inputTokens: 100, outputTokens: 50, cacheReadInputTokens: 10, cacheCreationInputTokens: 0 };
    const result = { exitCode: 0, costUSD: "0.001", usage };
    const mapped = map({ kind: "Succeeded", reason: "Completed", result, sessionId: "s" }, said(init, success));
    expect(mapped).toMatchObject({
      errorMessage: null,
      sessionId: "s",
      usage: { inputTokens: 100, outputTokens: 50, cachedInputTokens: 10 },
      costUsd: 0.001,
      provider: "anthropic",
      summary: "Done.",
      exitCode: 0,
    });
  });

  it("case 2: a session that is not there is session_unavailable, and cleared", () => {
    const mapped = map({
      reason: "SessionNotFound",
      message: "No conversation found with session id X",
      result: { exitCode: 1 },
    });
    expect(mapped).toMatchObject({ errorCode: "session_unavailable", clearSession: true });
  });

  it("case 3: max turns clear the session, and are no failure if claude exits with 0", () => {
    const mapped = map({ reason: "MaxTurns", result: { exitCode: 0, subtype: "error_max_turns" } });
    expect(mapped).toMatchObject({
      clearSession: true,
      errorMessage: null,
      resultJson: { stopReason: "max_turns_exhausted" },
    });
    expect(map({ reason: "MaxTurns", result: { exitCode: 1 } })).toMatchObject({
      errorCode: "max_turns_exhausted",
      clearSession: true,
    });
  });

  it("case 4: an exit right after init names the model, without JSON", () => {
    const { errorMessage } = map({ reason: "NoResult", result: { exitCode: 1 } }, said(init));
    expect(errorMessage).toContain("exited immediately after init");
    expect(errorMessage).toContain("claude-opus-5");
    expect(errorMessage).not.toContain("{");
  });

  it("case 5: events that are not answers are never in the message", () => {
    const events = [
      init,
      { type: "rate_limit_event", rate_limit_info: {} },
      answer({ usage: { output_tokens: 0 }, content: [] }),
    ];
    const { errorMessage } = map({ reason: "NoResult", result: { exitCode: 1 } }, said(...events));
    expect(errorMessage).toContain("claude-opus-5");
    expect(errorMessage).not.toContain("rate_limit_event");
  });

  it.each([
    ["in message", { stop_reason: null, usage: { output_tokens: 0 }, content: [] }],
    ["in usage", { usage: { stop_reason: null, output_tokens: 0 }, content: [] }],
  ])("case 6: an answer without tokens and stop reason is llm_api_error (%s)", (_, message) => {
    expect(map({ reason: "NoResult" }, said(init, answer(message))).errorCode).toBe("llm_api_error");
    const cleared = said(init, answer(message), success);
    expect(map({ kind: "Succeeded", reason: "Completed" }, cleared).errorMessage).toBeNull();
  });

  it("case 7: an answer cut off is claude_truncated, with exit code, reason and message", () => {
    const transcript = said(init, answer({ usage: { output_tokens: 35 }, content: [] }));
    const message = "OOMKilled: Memory cgroup out of memory";
    expect(map({ reason: "OOMKilled", message, result: { exitCode: 137 } }, transcript)).toMatchObject({
      errorCode: "claude_truncated",
      errorMessage: expect.stringMatching(/OOMKilled.*Memory cgroup out of memory.*137/) as string,
    });
    expect(
      map({ reason: "NoResult", result: { exitCode: 143, signal: "SIGTERM" } }, transcript).errorMessage,
    ).toContain("SIGTERM");
  });

  it("case 8: a plain line is in the message", () => {
    const { errorMessage } = map(
      { reason: "ClaudeStartFailed", result: { exitCode: 1 } },
      said("Error: no API key configured"),
    );
    expect(errorMessage).toContain("Error: no API key configured");
  });

  it("case 9: exit 0 with an error in the result is a failure", () => {
    expect(
      map({ reason: "ClaudeFailed", message: "it said so", result: { exitCode: 0, isError: true } }),
    ).toMatchObject({
      errorCode: "claude_failed",
      errorMessage: "it said so",
    });
  });

  it("case 10: blocks of one message are all in the summary", () => {
    const block = (text: string): object =>
      answer({ id: "m", usage: { output_tokens: 1 }, content: [{ type: "text", text }] });
    expect(map({}, said(init, block("one"), block("two"))).summary).toBe("one\n\ntwo");
  });

  it("case 11 (on purpose): of two results the last wins", () => {
    const second = { ...success, result: "Later.", is_error: true };
    expect(map({ reason: "ClaudeFailed", message: "Later." }, said(init, success, second))).toMatchObject({
      errorCode: "claude_failed",
      summary: "Later.",
    });
  });

  it.each(["NaN", undefined])("case 12: a cost of %s is unknown, not zero", (costUSD) => {
    const result = costUSD === undefined ? {} : { costUSD };
    expect(map({ kind: "Succeeded", reason: "Completed", result }).costUsd).toBeNull();
  });

  it("case 12: a result with spaces and a carriage return is a result", () => {
    expect(said('{ "type" : "result", "result": "Done." }\r').result).toMatchObject({ result: "Done." });
  });

  it("case 13: killed before any output is a failure", () => {
    expect(map({ reason: "NoResult", result: { exitCode: 137, signal: "SIGKILL" } })).toMatchObject({
      errorCode: "claude_no_result",
      errorMessage: expect.stringContaining("SIGKILL") as string,
    });
  });

  it("case 14: stderr reaches the error", () => {
    const transcript = said();
    transcript.readStderr("cannot open the config");
    expect(map({ reason: "ClaudeStartFailed", result: { exitCode: 1 } }, transcript).errorMessage).toContain(
      "cannot open the config",
    );
  });

  it("case 19: volume, quota and spec have codes of their own", () => {
    expect(map({ reason: "ContainerStartFailed", message: "MountVolume.SetUp failed" }).errorCode).toBe(
      "k8s_volume_failed",
    );
    expect(map({ reason: "QuotaExceeded" }).errorCode).toBe("k8s_quota_exceeded");
    expect(map({ reason: "InvalidSpec" }).errorCode).toBe("k8s_spec_invalid");
  });

  it("case 20: the message of a timeout has the real seconds", () => {
    expect(map({ reason: "DeadlineExceeded" })).toMatchObject({ timedOut: true, errorCode: "timeout" });
    expect(map({ reason: "DeadlineExceeded" }).errorMessage).toContain("30 s");
  });

  it("case 21: eviction, preemption, a lost node and a deleted pod are told apart", () => {
    const codes = ["Evicted", "Preempted", "NodeLost", "PodDeleted"].map((reason) => map({ reason }).errorCode);
    expect(codes).toEqual(["k8s_pod_evicted", "k8s_pod_preempted", "k8s_node_lost", "k8s_job_deleted_externally"]);
  });

  it("a usage limit says when to try again, and that the conversation goes on", () => {
    const resumeAfterTime = "2026-11-22T21:00:00Z";
    expect(map({ reason: "UsageLimited", resumeAfterTime })).toMatchObject({
      errorCode: "provider_quota",
      errorFamily: "provider_quota",
      retryNotBefore: resumeAfterTime,
      resultJson: { conversationContinuation: "continue_conversation_v1" },
    });
  });

  it("every failure reason has a code, and no other has", () => {
    expect(Object.keys(errorCodes).toSorted()).toEqual(Object.keys(failureReasons).toSorted());
  });
});
