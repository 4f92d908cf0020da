/** Writes the message of a report: what happened, with the text of claude or stderr. */
import type { FailureReason, ReasonEntry } from "../crds/reasons.ts";
import { matchedPart } from "./api-errors.ts";
import type { Evidence } from "./classify.ts";
import { describeEnding, meaningOfEnding } from "./ending.ts";
import { shorten } from "./truncate.ts";

type Meanings = Readonly<Record<FailureReason, ReasonEntry>>;

/** Limit for quoted task descriptions, which the agent writes. */
const maxDescriptionBytes = 80;
const shownTasks = 3;

/** Returns the message for a reason. */
export function describe(reason: "Completed" | FailureReason, evidence: Evidence, meanings: Meanings): string {
  if (reason === "Completed") return describeSuccess(evidence);
  const ending = describeEnding(evidence.ending);
  const { facts, stderrLine: line } = evidence;
  if (facts.lastResult === undefined) return withoutResult(reason, evidence, meanings);
  const { meaning } = meanings[reason];
  if (reason === "PromptBlocked") {
    const words = hookWords(facts.blockedBy ?? facts.lastResult.text ?? "");
    return words === "" ? meaning : `${meaning} The hook says: ${words}`;
  }
  const hint = meaningOfEnding(evidence.ending);
  if (!facts.lastResult.isError) return `claude reported success but ended with ${ending}${hint}`;
  const words = matchedPart(facts.lastResult.text ?? "");
  const detail = words === "" ? `claude ended with ${ending}${hint}${lastLine(line)}.` : `claude says: ${words}`;
  return [meaning, detail, ...gatewayNote(reason, evidence)].join(" ");
}

function withoutResult(
  reason: FailureReason,
  { ending, stderr, stderrLine: line }: Evidence,
  meanings: Meanings,
): string {
  const how = `${describeEnding(ending)}${meaningOfEnding(ending)}`;
  if (reason === "ClaudeStartFailed") return line ?? `claude ended before its first event with ${how}`;
  if (reason === "SessionNotFound") return `${meanings[reason].meaning} claude says: ${line ?? stderr?.at(-1) ?? ""}`;
  return `claude ended with ${how} and without a result${lastLine(line)}`;
}

function lastLine(line: string | undefined): string {
  return line === undefined ? "" : `; last line on stderr: ${line}`;
}

/** Removes the prompt that claude quotes after the hook's text, because it may come from a Secret. */
function hookWords(text: string): string {
  const [words = ""] = matchedPart(text).split("\n\nOriginal prompt:", 1);
  return words.replace(/^UserPromptSubmit operation blocked by hook:\n/u, "").trim();
}

/** A gateway that does not serve the path answers 404 too. */
function gatewayNote(reason: FailureReason, { baseUrl }: Evidence): string[] {
  if (reason !== "ModelNotFound" || baseUrl === undefined) return [];
  const url = parseUrl(baseUrl);
  if (url !== undefined && /(?:^|\.)anthropic\.com$/u.test(url.hostname)) return [];
  // Without user, password and query, which may be secret.
  const shown = url === undefined ? "not a URL" : `${url.protocol}//${url.host}${url.pathname}`;
  return [`ANTHROPIC_BASE_URL is ${shorten(shown, 200)}: check that it serves /v1/messages and knows the model.`];
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function describeSuccess({ facts, hung }: Evidence): string {
  const turns = facts.turns ?? 0;
  const made = `claude completed in ${turns} ${turns === 1 ? "turn" : "turns"}`;
  if (hung !== true) return made;
  const tasks = facts.backgroundTasks;
  if (tasks.length === 0) return `${made}; it did not exit after its result and was stopped`;
  const shown = tasks.slice(0, shownTasks).map(({ id, description }) => {
    const what = description === undefined ? "" : ` (${shorten(description, maxDescriptionBytes)})`;
    return `${shorten(id, maxDescriptionBytes)}${what}`;
  });
  const more = tasks.length > shownTasks ? ` and ${tasks.length - shownTasks} more` : "";
  return `${made}; it was stopped because background tasks kept running after its result: ${shown.join(", ")}${more}`;
}
