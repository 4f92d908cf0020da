/** The host's result of each reason: error code, error family, whether it retries the run or clears the session. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { cancelReasons, failureReasons } from "../../crds/reasons.ts";
import { errorCodes, otherCodes } from "./error-codes.ts";
import { mapResult } from "./map-result.ts";
import type { Outcome } from "./outcome.ts";
import { Transcript } from "../../client/transcript.ts";

function map(outcome: Partial<Outcome>, lines: readonly object[] = []): ReturnType<typeof mapResult> {
  const transcript = new Transcript();
  for (const line of lines) transcript.read(JSON.stringify(line));
  return mapResult({
    outcome: { kind: "Failed", reason: "NoResult", message: "", result: { exitCode: 1 }, sessionId: "s", ...outcome },
    transcript,
    timeoutSec: 30,
    plan: {
      workspace: { claim: "work", subPath: "a", mountPath: "/workspace" },
      resumed: undefined,
      environment: { plain: {}, secret: {}, notes: [] },
    },
  });
}

/** The host's reaction to a failure. */
interface Row {
  readonly code: string;
  readonly family?: string;
  /** The host repeats the run by itself, in the same session. */
  readonly repeats?: true;
  readonly clearSession?: true;
  /** The host may start the run again: the model was never asked. */
  readonly bootstrap?: true;
}

const notStarted = (code: string): Row => ({ code, bootstrap: true });
const lasting = (code: string): Row => ({ code });
const withNewSession = (code: string): Row => ({ code, clearSession: true });
const transient: Row = { code: "claude_transient_upstream", family: "transient_upstream", repeats: true };

/** A new reason needs a row here: decide whether it passes by itself and whether its session can be resumed. */
const failures: Readonly<Record<string, Row>> = {
  InvalidSpec: notStarted("k8s_spec_invalid"),
  AgentBusy: notStarted("k8s_concurrent_run_blocked"),
  QueueDeadlineExceeded: notStarted("k8s_queue_deadline_exceeded"),
  StartDeadlineExceeded: notStarted("k8s_pod_schedule_failed"),
  Unschedulable: notStarted("k8s_pod_schedule_failed"),
  ImagePullFailed: notStarted("k8s_image_pull_failed"),
  ContainerStartFailed: notStarted("k8s_container_start_failed"),
  RunnerMissing: notStarted("k8s_container_start_failed"),
  ClaudeMissing: notStarted("k8s_container_start_failed"),
  QuotaExceeded: notStarted("k8s_quota_exceeded"),
  JobCreateFailed: notStarted("k8s_job_create_failed"),
  RunnerChanged: notStarted("k8s_runner_changed"),
  JobSuspended: lasting("k8s_job_suspended"),
  DeadlineExceeded: lasting("timeout"),
  IdleTimeout: lasting("claude_idle_timeout"),
  NoOutput: lasting("claude_no_output"),
  OOMKilled: lasting("claude_truncated"),
  LimitExceeded: lasting("k8s_limit_exceeded"),
  Evicted: lasting("k8s_pod_evicted"),
  Preempted: lasting("k8s_pod_preempted"),
  NodeLost: lasting("k8s_node_lost"),
  ContainerLost: lasting("k8s_container_lost"),
  PodDeleted: lasting("k8s_job_deleted_externally"),
  JobLost: lasting("k8s_job_deleted_externally"),
  AuthenticationFailed: lasting("claude_auth_required"),
  UsageLimited: { code: "provider_quota", family: "provider_quota", repeats: true },
  RateLimited: transient,
  ApiError: transient,
  InvalidRequest: lasting("invalid_request"),
  ModelNotFound: lasting("model_not_found"),
  Refusal: { code: "claude_refusal", family: "model_refusal" },
  MaxTurns: withNewSession("max_turns_exhausted"),
  BudgetExceeded: lasting("budget_exceeded"),
  SessionNotFound: withNewSession("session_unavailable"),
  SessionRejected: withNewSession("session_rejected"),
  PromptTooLarge: withNewSession("prompt_too_large"),
  OutputTooLong: lasting("output_too_long"),
  PromptBlocked: lasting("prompt_blocked"),
  ClaudeStartFailed: lasting("claude_start_failed"),
  CreditExhausted: { code: "provider_quota", family: "provider_quota" },
  NoResult: lasting("claude_no_result"),
  ClaudeFailed: lasting("claude_failed"),
  ResultUnreadable: lasting("claude_no_result"),
};

const cancels: Readonly<Record<string, Row>> = {
  Cancelled: lasting("cancelled"),
  Replaced: lasting("cancelled"),
  ClientLost: lasting("k8s_client_lost"),
};

function rowOf(result: ReturnType<typeof mapResult>): Row {
  return {
    code: result.errorCode ?? "none",
    ...(result.errorFamily === undefined || result.errorFamily === null ? {} : { family: result.errorFamily }),
    ...(result.resultJson?.["conversationContinuation"] === undefined ? {} : { repeats: true }),
    ...(result.clearSession === true ? { clearSession: true } : {}),
    ...(result.executionRecovery === undefined ? {} : { bootstrap: true }),
  };
}

describe("the host's result", () => {
  it.each(Object.keys(failureReasons))("about %s", (reason) => {
    expect(failures, "a new reason needs a row in this test").toHaveProperty(reason);
    expect(rowOf(map({ reason }))).toEqual(failures[reason]);
  });

  it.each(Object.keys(cancelReasons))("about a run that ended as %s", (reason) => {
    expect(cancels, "a new reason needs a row in this test").toHaveProperty(reason);
    expect(rowOf(map({ kind: "Cancelled", reason }))).toEqual(cancels[reason]);
  });

  it.each([
    ["QuantumDecoherence", "k8s_quantum_decoherence"],
    ["OOMScore", "k8s_oom_score"],
    ["__proto__", "k8s_proto"],
    ["constructor", "k8s_constructor"],
    ["a reason; rm -rf /\u0000\u001b[2J", "k8s_a_reason_rm_rf_2_j"],
    ["", "k8s_unknown"],
    ["é", "k8s_unknown"],
  ])(
    "about %j, which this version does not know: a failure that neither passes nor costs the session",
    (reason, code) => {
      expect(rowOf(map({ reason, message: "as the operator says" }))).toEqual({ code });
      expect(map({ reason }).errorMessage).toBeTypeOf("string");
    },
  );

  it("repeats no run whose reason says that the same spec fails again", () => {
    const repeated = Object.entries(failureReasons).filter(([reason]) => failures[reason]?.repeats === true);
    for (const [reason, { retryable }] of repeated) expect({ reason, retryable }).toEqual({ reason, retryable: true });
  });

  it.each(Object.entries(failures).flatMap(([reason, { bootstrap }]) => (bootstrap === true ? [reason] : [])))(
    "%s of a later attempt is no run that never reached the model",
    (reason) => {
      const init = { type: "system", subtype: "init", model: "claude-opus-5", session_id: "s" };
      expect(map({ reason }, [init]).executionRecovery).toBeUndefined();
      const usage = { inputTokens: 1, outputTokens: 1, cacheReadInputTokens: 0, cacheCreationInputTokens: 0 };
      expect(map({ reason, result: { usage } }).executionRecovery).toBeUndefined();
    },
  );
});

describe("the words of an older operator, which says ApiError of everything", () => {
  it.each([400, 401, 402, 403, 404, 405, 413, 418, 422, 431])("%i is rejected again: not transient", (status) => {
    expect(rowOf(map({ reason: "ApiError", message: `claude says: API Error: ${status} no` }))).toEqual({
      code: "invalid_request",
    });
  });
  it.each([408, 409, 425, 429, 500, 502, 503, 504, 529])("%i passes", (status) => {
    expect(rowOf(map({ reason: "ApiError", message: `claude says: API Error: ${status} no` }))).toEqual(transient);
  });
});

describe("error codes", () => {
  const root = fileURLToPath(new URL("../", import.meta.url));
  /** "Test environment" has codes of its own, which are no results of a run. */
  const isOther = /^(dist|types|testing|environment|ui)\/|\.test\.ts$/;
  const sources = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !isOther.test(file),
  );
  const inSource = new Set(
    sources.flatMap((file) =>
      [
        ...readFileSync(root + file, "utf8").matchAll(
          /(?:\bcode: |errorCode: |errorCode [!=]== |\.code [!=]== |failedBefore\(\s*| [?:] )"([a-z][a-z0-9]*(?:_[a-z0-9]+)+|timeout|cancelled)"/g,
        ),
      ].map(([, code]) => code ?? ""),
    ),
  );
  /** Names that look like codes and are none. */
  const others = new Set(["aws_bedrock", "metered_api", "native_mcp", "on_demand", "per_run"]);
  const table = new Set([...Object.values(errorCodes).map(({ code }) => code), ...Object.keys(otherCodes)]);

  it("that the adapter's source names are all in the table, and in docs/adapter.md", () => {
    const page = readFileSync(`${root}../docs/adapter.md`, "utf8");
    const codes = [...inSource].filter((code) => !others.has(code));
    expect(codes.filter((code) => !table.has(code))).toEqual([]);
    for (const code of table) expect(page).toContain(`\`${code}\``);
    for (const code of ["k8s_volume_failed", "configuration_incomplete", "adapter_failed", "cancelled"])
      expect(codes, "the scan finds what is there").toContain(code);
  });

  it("of any end with any words are in the table", () => {
    const answer = (tokens: number): object => ({
      type: "assistant",
      message: { stop_reason: null, usage: { output_tokens: tokens }, content: [{ type: "text", text: "x" }] },
    });
    const words = [
      "",
      "MountVolume.SetUp failed",
      "persistentvolumeclaim x not found",
      "API Error: 400 x",
      "API Error: 500",
    ];
    const transcripts = [[], [answer(0)], [answer(9)]];
    const all = [
      ...Object.keys(failureReasons).map((reason) => ({ kind: "Failed" as const, reason })),
      ...Object.keys({ ...failureReasons, ...cancelReasons }).map((reason) => ({ kind: "Cancelled" as const, reason })),
    ];
    const ends = all.flatMap((end) =>
      words.flatMap((message) => transcripts.map((lines) => map({ ...end, message }, lines).errorCode)),
    );
    expect([...new Set(ends)].filter((code) => !table.has(code ?? ""))).toEqual([]);
  });
});
