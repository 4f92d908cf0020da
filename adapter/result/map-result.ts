/** Maps the outcome and transcript of a run to the host's result. */
import type { AdapterExecutionResult } from "@paperclipai/adapter-utils";
import type { Plan } from "../spec/plan.ts";
import { entryOf, otherCodes, type ErrorEntry } from "./error-codes.ts";
import type { Outcome } from "./outcome.ts";
import type { Transcript } from "../../client/transcript.ts";

/** Convention of the host: it retries a failed run of an external adapter only with this field. */
const continuationMark = { conversationContinuation: "continue_conversation_v1" };

export interface FinishedRun {
  readonly outcome: Outcome;
  readonly transcript: Transcript;
  readonly plan: Pick<Plan, "workspace" | "resumed" | "environment"> & { readonly model?: string | undefined };
  /** Timeout of the run in seconds. */
  readonly timeoutSec: number;
}

/** Returns the host's result of a finished run. */
export function mapResult(ended: FinishedRun): AdapterExecutionResult {
  const { outcome, transcript, plan } = ended;
  const failure = failureOf(ended);
  const { result } = outcome;
  const cost = costOf(ended);
  const text = textOf(transcript.result?.["result"]) ?? (transcript.text || result.text);
  const session = sessionOf(ended);
  const model = transcript.model ?? plan.model;
  return {
    exitCode: failure === undefined ? 0 : (result.exitCode ?? null),
    signal: failure === undefined ? null : (result.signal ?? null),
    timedOut: failure?.code === "timeout",
    errorMessage: failure?.message ?? null,
    ...(failure === undefined ? {} : { errorCode: failure.code }),
    ...(failure?.family === undefined ? {} : { errorFamily: failure.family }),
    ...(outcome.resumeAfterTime === undefined ? {} : { retryNotBefore: outcome.resumeAfterTime }),
    ...usageOf(ended),
    ...(session === undefined
      ? {}
      : {
          sessionId: session["sessionId"] ?? null,
          sessionParams: session,
          sessionDisplayId: session["sessionId"] ?? null,
        }),
    provider: "anthropic",
    biller: isBedrock(plan) ? "aws_bedrock" : "anthropic",
    ...(model === undefined ? {} : { model }),
    billingType: billingOf(plan),
    costUsd: cost,
    summary: text?.trim() ?? null,
    ...(failure?.clearsSession === true || isMaxTurns(ended) ? { clearSession: true } : {}),
    ...(failure?.neverStarted === true && failure.code !== "session_unavailable" && !hasReachedModel(ended)
      ? { executionRecovery: { kind: "bootstrap", providerWorkStarted: false } as const }
      : {}),
    resultJson: {
      ...transcript.result,
      reason: outcome.reason,
      ...(isMaxTurns(ended) ? { stopReason: "max_turns_exhausted" } : {}),
      ...(failure?.isTemporary === true ? continuationMark : {}),
      ...(result.incomplete === true ? { incomplete: true } : {}),
      ...(result.hung === true ? { hung: true } : {}),
    },
  };
}

interface Failure extends ErrorEntry {
  readonly message: string;
}

/** Returns the failure of the run; undefined for a success. */
function failureOf(ended: FinishedRun): Failure | undefined {
  const { outcome, transcript, timeoutSec, plan } = ended;
  const { result } = outcome;
  if (outcome.kind === "Succeeded") return undefined;
  if (outcome.kind === "Cancelled") {
    const code = outcome.reason === "ClientLost" ? "k8s_client_lost" : "cancelled";
    return { code, message: outcome.message || otherCodes[code] };
  }
  // claude exits with 0 at its turn limit, so the run is no failure.
  if (outcome.reason === "MaxTurns" && result.exitCode === 0) return undefined;
  const entry = refineApiError(entryOf(outcome.reason), outcome);
  const facts = [outcome.message, ...exitFacts(ended)].filter((fact) => fact !== "");
  if (outcome.reason === "DeadlineExceeded") {
    return { ...entry, message: `Timed out after ${timeoutSec} s. ${outcome.message}`.trim() };
  }
  if (outcome.reason === "ContainerStartFailed" && /volume|mount|persistentvolumeclaim/i.test(outcome.message)) {
    return { ...entry, code: "k8s_volume_failed", message: outcome.message };
  }
  if (outcome.reason === "Unschedulable" && /persistentvolumeclaim|volume/i.test(outcome.message)) {
    return { ...entry, code: "k8s_volume_failed", message: outcome.message };
  }
  if (entry.code === "claude_no_result" && transcript.isEmptyAnswer) {
    return { code: "llm_api_error", message: [otherCodes.llm_api_error, ...facts].join(" ") };
  }
  if ((entry.code === "claude_no_result" || entry.code === "claude_truncated") && transcript.hasAnswer) {
    return { code: "claude_truncated", message: [otherCodes.claude_truncated, ...facts].join(" ") };
  }
  if (entry.code === "claude_no_result" || entry.code === "claude_start_failed") {
    const model = transcript.model ?? plan.model;
    const begun =
      transcript.model === undefined
        ? []
        : [
            `claude exited immediately after init with model ${model ?? "unknown"}: check that the model exists and the credentials may use it.`,
          ];
    const last = transcript.lastPlainLine === undefined ? [] : [transcript.lastPlainLine];
    return {
      ...entry,
      message: [...facts, ...begun, ...last.filter((words) => !outcome.message.includes(words))].join(" "),
    };
  }
  return { ...entry, message: facts.join(" ") || outcome.reason };
}

/** Permanent API errors: a retry of the same request would fail too. */
const rejectedRequest = /\bAPI Error: 4(?!08|09|25|29)\d\d\b/;
/** API errors about the session's history. */
const rejectedHistory =
  /thinking.{0,40}blocks.{0,80}cannot be modified|tool use concurrency|Could not process image|tool_use.{0,60}without.{0,20}tool_result|unexpected .{0,3}tool_use_id|previous_message_id/i;

/** Older operators and runners report InvalidRequest and SessionRejected as ApiError; the message tells them apart. */
function refineApiError(entry: ErrorEntry, { reason, message }: Outcome): ErrorEntry {
  if (reason !== "ApiError" || !rejectedRequest.test(message)) return entry;
  return entryOf(rejectedHistory.test(message) ? "SessionRejected" : "InvalidRequest");
}

/** Returns exit code and signal, unless the message contains them. */
function exitFacts({ outcome: { result, message } }: FinishedRun): string[] {
  const { exitCode, signal } = result;
  const facts = [
    ...(signal === undefined ? [] : [signal]),
    ...(exitCode === undefined || exitCode === 0 ? [] : [`exit code ${exitCode}`]),
  ].filter((fact) => !message.includes(fact));
  return facts.length === 0 ? [] : [`(${facts.join(", ")})`];
}

/** Returns true if any attempt reached the model, even if the last one never started. */
function hasReachedModel({ outcome: { result }, transcript }: FinishedRun): boolean {
  return transcript.model !== undefined || transcript.hasAnswer || result.usage !== undefined;
}

function isMaxTurns({ outcome }: FinishedRun): boolean {
  return outcome.reason === "MaxTurns" || outcome.result.subtype === "error_max_turns";
}

function usageOf({ outcome: { result }, transcript }: FinishedRun): Partial<AdapterExecutionResult> {
  const { usage } = result;
  if (usage !== undefined) {
    return {
      usageBasis: "per_run",
      usage: {
        inputTokens: usage.inputTokens + usage.cacheCreationInputTokens,
        outputTokens: usage.outputTokens,
        cachedInputTokens: usage.cacheReadInputTokens,
      },
    };
  }
  return transcript.result === undefined ? {} : { usageBasis: "per_run" };
}

/** Returns the runner's cost of this run; null if it is unknown, never 0. */
function costOf({ outcome: { result } }: FinishedRun): number | null {
  const cost = result.costUSD === undefined ? NaN : Number(result.costUSD);
  return Number.isFinite(cost) ? cost : null;
}

function sessionOf({ outcome, transcript, plan }: FinishedRun): Record<string, string> | undefined {
  const sessionId = outcome.sessionId ?? transcript.sessionId;
  if (sessionId === undefined) return undefined;
  const { claim, subPath, mountPath } = plan.workspace;
  return {
    sessionId,
    cwd: mountPath,
    ...(claim === undefined ? {} : { workspaceClaim: claim }),
    ...(subPath === undefined ? {} : { workspaceSubPath: subPath }),
  };
}

function isBedrock({ environment }: FinishedRun["plan"]): boolean {
  const { secret } = environment;
  return (
    ["1", "true"].includes(secret["CLAUDE_CODE_USE_BEDROCK"] ?? "") ||
    (secret["ANTHROPIC_BEDROCK_BASE_URL"] ?? "").trim() !== ""
  );
}

/** Derived from the agent's environment only: the adapter does not read the credentials Secret. */
function billingOf(plan: FinishedRun["plan"]): NonNullable<AdapterExecutionResult["billingType"]> {
  const { secret } = plan.environment;
  if (isBedrock(plan)) return "metered_api";
  if (secret["ANTHROPIC_API_KEY"] !== undefined) return "api";
  return secret["CLAUDE_CODE_OAUTH_TOKEN"] === undefined ? "unknown" : "subscription";
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Returns the result of a run that was not created, or did not start claude. */
export function failedBeforeStart(code: keyof typeof otherCodes, message: string): AdapterExecutionResult {
  return {
    exitCode: null,
    signal: null,
    timedOut: false,
    errorCode: code,
    errorMessage: message,
    executionRecovery: { kind: "bootstrap", providerWorkStarted: false },
  };
}

/** Returns the result if the adapter failed while a run was active; the run's effects are unknown. */
export function failedAdapter(message: string): AdapterExecutionResult {
  return { exitCode: null, signal: null, timedOut: false, errorCode: "adapter_failed", errorMessage: message };
}

/** Returns the result of a run that the host cancelled and that has finished. */
export function acknowledgeCancel(result: AdapterExecutionResult): AdapterExecutionResult {
  const executionCancellation = { state: "acknowledged", acknowledgedAt: new Date().toISOString(), forced: false };
  return {
    ...result,
    errorCode: "cancelled",
    resultJson: { ...result.resultJson, executionCancellation },
  };
}
