/** Outcome and transcript → what the host stores. */
import type { AdapterExecutionResult } from "@paperclipai/adapter-utils";
import type { Plan } from "../spec/plan.ts";
import { entryOf, otherCodes, type ErrorEntry } from "./error-codes.ts";
import type { Outcome } from "./outcome.ts";
import type { Transcript } from "./transcript.ts";

/** An internal convention of the host: it retries a failed run of an external adapter only with this mark. */
const continues = { conversationContinuation: "continue_conversation_v1" };

export interface Ended {
  readonly outcome: Outcome;
  readonly transcript: Transcript;
  readonly plan: Pick<Plan, "workspace" | "resumed" | "environment"> & { readonly model?: string | undefined };
  /** Seconds that the run was allowed. */
  readonly timeoutSec: number;
}

/** Maps a run that was made and has ended. */
export function mapResult(ended: Ended): AdapterExecutionResult {
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
    ...(failure?.neverStarted === true && failure.code !== "session_unavailable"
      ? { executionRecovery: { kind: "bootstrap", providerWorkStarted: false } as const }
      : {}),
    resultJson: {
      ...transcript.result,
      reason: outcome.reason,
      ...(isMaxTurns(ended) ? { stopReason: "max_turns_exhausted" } : {}),
      ...(failure?.family === "transient_upstream" || failure?.family === "provider_quota" ? continues : {}),
      ...(result.incomplete === true ? { incomplete: true } : {}),
      ...(result.hung === true ? { hung: true } : {}),
    },
  };
}

interface Failure extends ErrorEntry {
  readonly message: string;
}

/** undefined for a success. */
function failureOf(ended: Ended): Failure | undefined {
  const { outcome, transcript, timeoutSec, plan } = ended;
  const { result } = outcome;
  if (outcome.kind === "Succeeded") return undefined;
  if (outcome.kind === "Cancelled") {
    const code = outcome.reason === "ClientLost" ? "k8s_client_lost" : "cancelled";
    return { code, message: outcome.message || otherCodes[code] };
  }
  // claude's own bound is no failure where claude says so.
  if (outcome.reason === "MaxTurns" && result.exitCode === 0) return undefined;
  const entry = entryOf(outcome.reason);
  const facts = [outcome.message, ...endOf(ended)].filter((fact) => fact !== "");
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
    const last = transcript.lastWords === undefined ? [] : [transcript.lastWords];
    return {
      ...entry,
      message: [...facts, ...begun, ...last.filter((words) => !outcome.message.includes(words))].join(" "),
    };
  }
  return { ...entry, message: facts.join(" ") || outcome.reason };
}

/** Exit code and signal, where the message does not say them. */
function endOf({ outcome: { result, message } }: Ended): string[] {
  const { exitCode, signal } = result;
  const facts = [
    ...(signal === undefined ? [] : [signal]),
    ...(exitCode === undefined || exitCode === 0 ? [] : [`exit code ${exitCode}`]),
  ].filter((fact) => !message.includes(fact));
  return facts.length === 0 ? [] : [`(${facts.join(", ")})`];
}

function isMaxTurns({ outcome }: Ended): boolean {
  return outcome.reason === "MaxTurns" || outcome.result.subtype === "error_max_turns";
}

function usageOf({ outcome: { result }, transcript }: Ended): Partial<AdapterExecutionResult> {
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

/** The runner's figure is what this run spent; a figure that is none is unknown, not zero. */
function costOf({ outcome: { result } }: Ended): number | null {
  const cost = result.costUSD === undefined ? NaN : Number(result.costUSD);
  return Number.isFinite(cost) ? cost : null;
}

function sessionOf({ outcome, transcript, plan }: Ended): Record<string, string> | undefined {
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

function isBedrock({ environment }: Ended["plan"]): boolean {
  const { secret } = environment;
  return (
    ["1", "true"].includes(secret["CLAUDE_CODE_USE_BEDROCK"] ?? "") ||
    (secret["ANTHROPIC_BEDROCK_BASE_URL"] ?? "").trim() !== ""
  );
}

/** Only what the agent's own environment tells: the credentials' Secret is not read. */
function billingOf(plan: Ended["plan"]): NonNullable<AdapterExecutionResult["billingType"]> {
  const { secret } = plan.environment;
  if (isBedrock(plan)) return "metered_api";
  if (secret["ANTHROPIC_API_KEY"] !== undefined) return "api";
  return secret["CLAUDE_CODE_OAUTH_TOKEN"] === undefined ? "unknown" : "subscription";
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A run that was never made, or whose end nobody can tell. */
export function failedBefore(code: keyof typeof otherCodes, message: string): AdapterExecutionResult {
  return {
    exitCode: null,
    signal: null,
    timedOut: false,
    errorCode: code,
    errorMessage: message,
    executionRecovery: { kind: "bootstrap", providerWorkStarted: false },
  };
}

/** The host cancelled, and everything has ended; `forced` if it was not given its grace. */
export function acknowledged(result: AdapterExecutionResult): AdapterExecutionResult {
  const executionCancellation = { state: "acknowledged", acknowledgedAt: new Date().toISOString(), forced: false };
  return {
    ...result,
    errorCode: "cancelled",
    resultJson: { ...result.resultJson, executionCancellation },
  };
}
