/** From what is known of a run to its one reason: an ordered table, of which the first rule that applies wins. */
import { failureReasons, type FailureReason } from "../crds/reasons.ts";
import { describeEnding, type Ending } from "./ending.ts";
import type { Facts } from "./facts.ts";
import { resetTimeInText, rfc3339 } from "./reset-time.ts";

/** Everything that a verdict rests on. */
export interface Evidence {
  readonly facts: Facts;
  readonly ending: Ending;
  /** claude had given its result and was ended for not ending by itself: its exit code says nothing. */
  readonly hung?: boolean;
  /** stderr's last meaningful line. */
  readonly stderrLine?: string | undefined;
  /** When it ended, in epoch milliseconds: the reference for "resets 3pm". */
  readonly nowMs: number;
}

export interface Verdict {
  readonly reason: "Completed" | FailureReason;
  /** For people: what happened, with claude's or stderr's own words. */
  readonly message: string;
  /** RFC 3339; UsageLimited only. */
  readonly resumeAfterTime?: string;
}

interface Rule {
  readonly reason: Verdict["reason"];
  readonly applies: (evidence: Evidence) => boolean;
}

const rules: readonly Rule[] = [
  { reason: "Completed", applies: endedWell },
  { reason: "ClaudeStartFailed", applies: (e) => noResult(e) && !e.facts.sawInit && exitedWithError(e) },
  { reason: "NoResult", applies: noResult },
  { reason: "MaxTurns", applies: (e) => e.facts.last?.subtype === "error_max_turns" },
  { reason: "BudgetExceeded", applies: (e) => e.facts.last?.subtype === "error_max_budget_usd" },
  { reason: "SessionNotFound", applies: says(/No conversation found with session ID|requires a valid session ID/iu) },
  { reason: "Refusal", applies: (e) => e.facts.last?.stopReason === "refusal" },
  {
    reason: "PromptTooLarge",
    applies: (e) =>
      e.facts.last?.terminalReason === "prompt_too_long" || status(e) === 413 || says(/prompt is too long/iu)(e),
  },
  { reason: "CreditExhausted", applies: (e) => hasError(e, "billing_error") || says(/credit balance/iu)(e) },
  {
    reason: "AuthenticationFailed",
    applies: (e) => status(e) === 401 || status(e) === 403 || hasError(e, "authentication_failed"),
  },
  {
    reason: "UsageLimited",
    applies: (e) => isRejected(e) || says(/usage limit reached|hit your (?:[\w-]+ )?limit|out of extra usage/iu)(e),
  },
  { reason: "RateLimited", applies: (e) => status(e) === 429 },
  { reason: "ModelNotFound", applies: (e) => status(e) === 404 },
  { reason: "ApiError", applies: isApiError },
  { reason: "ClaudeFailed", applies: () => true },
];

/** Judges a run by claude's own words; what the runner or the operator did to it comes before this. */
export function classify(evidence: Evidence): Verdict {
  const reason = rules.find((rule) => rule.applies(evidence))?.reason ?? "ClaudeFailed";
  const resumeAfterTime = reason === "UsageLimited" ? resumeTime(evidence) : undefined;
  return { reason, message: describe(reason, evidence), ...(resumeAfterTime !== undefined && { resumeAfterTime }) };
}

function endedWell(evidence: Evidence): boolean {
  if (evidence.facts.last?.isError !== false) return false;
  return evidence.hung === true || ((evidence.ending.exitCode ?? 0) === 0 && evidence.ending.signal === undefined);
}

function noResult({ facts }: Evidence): boolean {
  return facts.last === undefined;
}

function exitedWithError({ ending }: Evidence): boolean {
  return ending.exitCode !== undefined && ending.exitCode >= 1 && ending.exitCode <= 127;
}

/** The words count only where claude itself calls the result an error: a model may write about credit balances. */
function says(words: RegExp): (evidence: Evidence) => boolean {
  return ({ facts }) => facts.last?.isError === true && words.test(facts.last.text ?? "");
}

function status({ facts }: Evidence): number | undefined {
  return facts.last?.apiErrorStatus ?? facts.assistantErrorStatus;
}

function hasError({ facts }: Evidence, word: string): boolean {
  return facts.assistantErrors.has(word);
}

function isRejected({ facts }: Evidence): boolean {
  return [...facts.rateLimits.values()].some((limit) => limit.status === "rejected");
}

function isApiError(evidence: Evidence): boolean {
  const { facts } = evidence;
  if (status(evidence) !== undefined || facts.last?.apiError !== undefined) return true;
  return facts.last?.terminalReason === "api_error" || facts.assistantErrors.size > 0;
}

function resumeTime({ facts, nowMs }: Evidence): string | undefined {
  // More than one limit may be reached: it goes on only when the last of them ends.
  const times = [...facts.rateLimits.values()].flatMap((l) => (l.status === "rejected" ? [l.resetsAt ?? 0] : []));
  const latest = Math.max(0, ...times);
  return latest > 0 ? rfc3339(latest) : resetTimeInText(facts.last?.text ?? "", nowMs);
}

function describe(reason: Verdict["reason"], evidence: Evidence): string {
  if (reason === "Completed") return describeSuccess(evidence);
  const ending = describeEnding(evidence.ending);
  const line = evidence.stderrLine;
  if (reason === "ClaudeStartFailed") return line ?? `claude ended before its first event with ${ending}`;
  if (reason === "NoResult") {
    const said = line === undefined ? "" : `; last line on stderr: ${line}`;
    return `claude ended with ${ending} and without a result${said}`;
  }
  const words = evidence.facts.last?.text ?? "";
  const meaning = failureReasons[reason].meaning;
  if (evidence.facts.last?.isError === false) return `claude gave a good result, but ended with ${ending}`;
  return words === "" ? `${meaning} claude ended with ${ending}.` : `${meaning} claude says: ${words}`;
}

function describeSuccess({ facts, hung }: Evidence): string {
  const turns = facts.turns ?? 0;
  const note = hung === true ? "; it did not end by itself after its result and was ended" : "";
  return `claude completed in ${turns} ${turns === 1 ? "turn" : "turns"}${note}`;
}
