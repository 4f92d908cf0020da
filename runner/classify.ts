/** Determines a run's reason: an ordered table whose first matching rule wins. */
import { failureReasons, type FailureReason } from "../crds/reasons.ts";
import {
  accountErrors,
  accountRejected,
  contextFull,
  creditsGone,
  historyRejected,
  limitReached,
  matchesAny,
  modelUnknown,
  noSession,
  outputTooLong,
} from "./api-errors.ts";
import { describe } from "./describe.ts";
import type { Ending } from "./ending.ts";
import type { Facts } from "./facts.ts";
import { isPermanent, lastErrorOf, type LastError } from "./last-error.ts";
import { isPossible, resetTimeInText, rfc3339 } from "./reset-time.ts";

/** Input of the classification. */
export interface Evidence {
  readonly facts: Facts;
  readonly ending: Ending;
  /** claude reported its result but did not exit and was stopped, so its exit code has no meaning. */
  readonly hung?: boolean;
  /** stderr's last meaningful line. */
  readonly stderrLine?: string | undefined;
  /** The last lines of stderr. */
  readonly stderr?: readonly string[];
  /** ANTHROPIC_BASE_URL, if set. */
  readonly baseUrl?: string | undefined;
  /** End of claude in epoch milliseconds: the reference for "resets 3pm". */
  readonly nowMs: number;
}

export interface Classification {
  readonly reason: "Completed" | FailureReason;
  /** Explanation with the text of claude or stderr. */
  readonly message: string;
  /** RFC 3339; UsageLimited only. */
  readonly resumeAfterTime?: string;
}

interface Rule {
  readonly reason: Classification["reason"];
  readonly applies: (evidence: Evidence, word: LastError) => boolean;
}

const rules: readonly Rule[] = [
  { reason: "PromptBlocked", applies: isPromptBlocked },
  { reason: "Completed", applies: isSuccess },
  {
    reason: "SessionNotFound",
    applies: (e) => hasNoResult(e) && !e.facts.hasInit && (e.stderr ?? []).some((line) => matchesAny(line, noSession)),
  },
  { reason: "ClaudeStartFailed", applies: (e) => hasNoResult(e) && !e.facts.hasInit && exitedWithError(e) },
  { reason: "NoResult", applies: hasNoResult },
  { reason: "MaxTurns", applies: (e) => e.facts.lastResult?.subtype === "error_max_turns" },
  { reason: "BudgetExceeded", applies: (e) => e.facts.lastResult?.subtype === "error_max_budget_usd" },
  { reason: "SessionNotFound", applies: (_, { text }) => matchesAny(text, noSession) },
  { reason: "Refusal", applies: (e) => e.facts.lastResult?.stopReason === "refusal" },
  {
    reason: "OutputTooLong",
    applies: (_, { names, text }) => names.has("max_output_tokens") || matchesAny(text, outputTooLong),
  },
  {
    reason: "SessionRejected",
    applies: (e, word) =>
      isRequestError(word) &&
      (word.names.has("tool_history_mismatch") ||
        (e.facts.lastResult?.terminalReason === "image_error" && word.status !== 413) ||
        matchesAny(word.text, historyRejected)),
  },
  {
    reason: "PromptTooLarge",
    applies: (e, { status, text }) =>
      e.facts.lastResult?.terminalReason === "prompt_too_long" ||
      e.facts.lastResult?.stopReason === "model_context_window_exceeded" ||
      status === 413 ||
      (status !== 429 && matchesAny(text, contextFull)),
  },
  {
    reason: "CreditExhausted",
    applies: (_, { status, names, text }) =>
      names.has("billing_error") ||
      matchesAny(text, creditsGone) ||
      (status === 402 && !matchesAny(text, limitReached)),
  },
  { reason: "UsageLimited", applies: (_, word) => mayBePermanent(word) && matchesAny(word.text, limitReached) },
  {
    reason: "ModelNotFound",
    applies: (_, word) =>
      isRequestError(word) && (word.names.has("model_not_found") || matchesAny(word.text, modelUnknown)),
  },
  {
    reason: "AuthenticationFailed",
    applies: (_, word) =>
      word.status === 401 ||
      word.status === 403 ||
      [...word.names].some((name) => accountErrors.has(name)) ||
      (isRequestError(word) && matchesAny(word.text, accountRejected)),
  },
  {
    reason: "UsageLimited",
    applies: (e, word) => isLimitRejected(e) && (mayBePermanent(word) || word.names.has("usage_limit_reached")),
  },
  { reason: "UsageLimited", applies: (_, { names }) => names.has("usage_limit_reached") },
  {
    reason: "RateLimited",
    applies: (_, { status, names }) => status === 429 || isNamedWithoutStatus(names, "rate_limit", status),
  },
  { reason: "ModelNotFound", applies: (_, { status }) => status === 404 },
  {
    reason: "InvalidRequest",
    applies: (_, { status, names }) => isPermanent(status) || isNamedWithoutStatus(names, "invalid_request", status),
  },
  { reason: "ApiError", applies: isApiError },
  { reason: "ClaudeFailed", applies: () => true },
];

/** Classifies a run by claude's output. Stops by the runner or the operator are handled before. */
export function classify(evidence: Evidence): Classification {
  const word = lastErrorOf(evidence.facts);
  const reason = rules.find((rule) => rule.applies(evidence, word))?.reason ?? "ClaudeFailed";
  const resumeAfterTime = reason === "UsageLimited" ? resumeTime(evidence) : undefined;
  const message = describe(reason, evidence, failureReasons);
  return { reason, message, ...(resumeAfterTime !== undefined && { resumeAfterTime }) };
}

/**
 * True if a hook stopped the run before an answer: without turns the text is the hook's, with turns there is no
 * text. An existing answer is kept.
 */
function isPromptBlocked({ facts }: Evidence): boolean {
  if (facts.lastResult?.isError !== false) return false;
  const isStopped = facts.blockedBy !== undefined || facts.lastResult.terminalReason === "hook_stopped";
  if (isStopped && (facts.lastResult.text ?? "").trim() === "") return true;
  if (facts.turns !== 0) return false;
  return (
    facts.blockedBy !== undefined ||
    /^(?:UserPromptSubmit operation blocked|Operation stopped) by hook/u.test(facts.lastResult.text ?? "")
  );
}

function isSuccess(evidence: Evidence): boolean {
  if (evidence.facts.lastResult?.isError !== false) return false;
  return evidence.hung === true || ((evidence.ending.exitCode ?? 0) === 0 && evidence.ending.signal === undefined);
}

function hasNoResult({ facts }: Evidence): boolean {
  return facts.lastResult === undefined;
}

function exitedWithError({ ending }: Evidence): boolean {
  return ending.exitCode !== undefined && ending.exitCode >= 1 && ending.exitCode <= 127;
}

/** False for errors that a retry may avoid: server and connection errors. */
function mayBePermanent({ status, names }: LastError): boolean {
  if (status !== undefined) return isPermanent(status) || status === 429;
  return !["server_error", "overloaded", "connection_failed"].some((name) => names.has(name));
}

/** True for a permanent error of the request itself; false for 429. */
function isRequestError(word: LastError): boolean {
  return word.status !== 429 && mayBePermanent(word);
}

/** True if the CLI named the error and the API gave no status. */
function isNamedWithoutStatus(names: ReadonlySet<string>, name: string, status: number | undefined): boolean {
  return status === undefined && names.has(name);
}

/** True if a plan's limit is reached and extra usage does not replace it. */
function isLimitRejected({ facts }: Evidence): boolean {
  return [...facts.rateLimits.values()].some((limit) => limit.status === "rejected" && !limit.isUsingOverage);
}

function isApiError({ facts }: Evidence, { status, names }: LastError): boolean {
  if (status !== undefined || names.size > 0 || facts.lastResult?.apiError !== undefined) return true;
  return facts.lastResult?.terminalReason === "api_error";
}

function resumeTime({ facts, nowMs }: Evidence): string | undefined {
  // Several limits may be reached; the account is usable when the last one resets.
  const times = [...facts.rateLimits.values()].flatMap(({ status, isUsingOverage, resetsAt }) =>
    status === "rejected" && !isUsingOverage && resetsAt !== undefined && isPossible(resetsAt, nowMs) ? [resetsAt] : [],
  );
  return times.length > 0 ? rfc3339(Math.max(...times)) : resetTimeInText(facts.lastResult?.text ?? "", nowMs);
}
