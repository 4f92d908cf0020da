/** API errors of several providers with the reason of each. */
import { expect, test } from "vitest";
import { failureReasons, isFailureReason, type FailureReason } from "../crds/reasons.ts";
import * as words from "./api-errors.ts";
import { classify, type Classification } from "./classify.ts";
import { Facts } from "./facts.ts";
import { resetTimeInText } from "./reset-time.ts";

const nowMs = Date.parse("2026-11-29T12:00:00Z");

function verdict(status: number | undefined, text: string, more: object = {}): Classification {
  const facts = new Facts();
  facts.add({ type: "system", subtype: "init", session_id: "s" });
  facts.add({
    type: "result",
    subtype: "success",
    is_error: true,
    num_turns: 1,
    result: text,
    api_error_status: status,
    ...more,
  });
  return classify({ facts, ending: { exitCode: 1 }, nowMs });
}

const apiError = (status: number, message: string) => [status, `API Error: ${status} ${message}`] as const;

const rows: readonly (readonly [FailureReason, number | undefined, string])[] = [
  // Caps and limits.
  [
    "UsageLimited",
    ...apiError(400, "You have reached your specified API usage limits. You will regain access on 2027-01-01."),
  ],
  ["UsageLimited", ...apiError(400, "You have reached your specified workspace API usage limits.")],
  ["UsageLimited", undefined, "You've hit your monthly spend limit."],
  ["UsageLimited", 429, "You've hit your weekly limit · resets Dec 3, 9am (UTC)"],
  ["UsageLimited", ...apiError(400, "Budget has been exceeded! Current cost: 20.1, Max budget: 20.0")],
  [
    "UsageLimited",
    ...apiError(403, "Key limit exceeded (total limit). Manage it using https://openrouter.ai/settings/keys"),
  ],
  ["UsageLimited", 429, "You're out of extra usage"],
  [
    "UsageLimited",
    ...apiError(400, "Your organization has exceeded its monthly spend limit until 2027-01-01T00:00:00Z."),
  ],
  ["UsageLimited", ...apiError(400, "The monthly spending cap of $500 was reached; it resets on 2027-01-01.")],
  ["UsageLimited", ...apiError(402, "Monthly budget limit reached: it resets on 2027-01-01.")],
  ["RateLimited", 429, "API Error: Request rejected (429) · This request would exceed your rate limit"],
  ["RateLimited", ...apiError(429, "You have exceeded your rate limit")],
  ["RateLimited", ...apiError(429, "Too many tokens, please wait before trying again.")],
  ["RateLimited", ...apiError(429, "No deployments available for selected model, try again in 5 seconds")],
  // Money.
  ["CreditExhausted", ...apiError(400, "Your credit balance is too low to access the Anthropic API.")],
  ["CreditExhausted", undefined, "Credit balance is too low"],
  ["CreditExhausted", ...apiError(402, "This request requires more credits, or fewer max_tokens.")],
  ["CreditExhausted", ...apiError(429, "You exceeded your current quota, please check your plan and billing details.")],
  // Accounts and keys.
  ["AuthenticationFailed", ...apiError(400, "This organization has been disabled.")],
  ["AuthenticationFailed", ...apiError(403, "Your organization has disabled API key authentication")],
  ["AuthenticationFailed", ...apiError(400, "Your account has been suspended")],
  ["AuthenticationFailed", ...apiError(400, "API key expired. Please renew the API key.")],
  ["AuthenticationFailed", ...apiError(403, "The security token included in the request is invalid.")],
  ["AuthenticationFailed", undefined, "Not logged in · Please run /login"],
  // Models.
  ["ModelNotFound", ...apiError(404, "model: claude-nope")],
  ["ModelNotFound", ...apiError(400, "The provided model identifier is invalid.")],
  [
    "ModelNotFound",
    ...apiError(400, "Invocation of model ID anthropic.claude-opus-5 with on-demand throughput isn’t supported."),
  ],
  ["ModelNotFound", ...apiError(403, "You don't have access to the model with the specified model ID.")],
  [
    "ModelNotFound",
    ...apiError(404, "Publisher Model `projects/p/locations/l/publishers/anthropic/models/m` was not found."),
  ],
  [
    "ModelNotFound",
    ...apiError(400, "Invalid model name passed in model=claude-nope. Call `/v1/models` to view models."),
  ],
  ["ModelNotFound", ...apiError(400, "anthropic/claude-nope is not a valid model ID")],
  ["ModelNotFound", ...apiError(422, "The model `claude-nope` does not exist or you do not have access to it.")],
  ["ModelNotFound", ...apiError(401, "key not allowed to access model. This key can only access models=['small']")],
  ["ModelNotFound", ...apiError(400, "The requested model is not supported")],
  ["ModelNotFound", ...apiError(400, '{"code":"model_not_supported"}')],
  ["ModelNotFound", ...apiError(403, "Project is not allowed to use Publisher Model `publishers/anthropic/models/m`")],
  ["ModelNotFound", ...apiError(403, "Model access is denied due to missing AWS Marketplace actions")],
  // Contexts.
  ["PromptTooLarge", ...apiError(400, "prompt is too long: 250000 tokens > 200000 maximum")],
  ["PromptTooLarge", ...apiError(400, "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000")],
  ["PromptTooLarge", ...apiError(400, "Input is too long for requested model.")],
  ["PromptTooLarge", ...apiError(422, "This model's maximum context length is 131072 tokens.")],
  ["PromptTooLarge", ...apiError(400, "The input token count (1200000) exceeds the maximum number of tokens allowed")],
  ["PromptTooLarge", ...apiError(404, "litellm.ContextWindowExceededError: context_length_exceeded")],
  ["PromptTooLarge", ...apiError(500, "litellm.BadRequestError: prompt is too long: 3 > 2 maximum")],
  ["PromptTooLarge", ...apiError(413, "Request exceeds the maximum size")],
  [
    "PromptTooLarge",
    ...apiError(400, "Too many input tokens. Max input tokens: 200000, request input token count: 210000"),
  ],
  [
    "PromptTooLarge",
    ...apiError(400, "max_tokens + prompt tokens is greater than the context window: 212000 > 200000"),
  ],
  // Histories.
  ["SessionRejected", undefined, "API Error: 400 due to tool use concurrency issues."],
  ["SessionRejected", ...apiError(400, "messages.1.content.0: Invalid `signature` in `thinking` block")],
  [
    "SessionRejected",
    ...apiError(400, "messages.5.content.0.type: Expected `thinking` or `redacted_thinking`, found `text`"),
  ],
  [
    "SessionRejected",
    ...apiError(400, "`thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified."),
  ],
  ["SessionRejected", ...apiError(400, 'messages: roles must alternate between "user" and "assistant"')],
  ["SessionRejected", ...apiError(400, "messages.12.content.3.image.source.base64: image exceeds 5 MB maximum: 6 > 5")],
  [
    "SessionRejected",
    ...apiError(413, "An image in the conversation exceeds the dimension limit for many-image requests"),
  ],
  ["SessionRejected", ...apiError(400, "messages.3.content.1.pdf: A maximum of 100 PDF pages may be provided.")],
  ["SessionRejected", ...apiError(400, "messages: text content blocks must be non-empty")],
  [
    "SessionRejected",
    ...apiError(400, "The number of toolResult blocks at messages.2.content exceeds the number of toolUse"),
  ],
  [
    "SessionRejected",
    ...apiError(400, "The request body is not valid JSON: no low surrogate in string: line 1 column 9"),
  ],
  [
    "SessionRejected",
    ...apiError(400, "An assistant message with 'tool_calls' must be followed by tool messages responding to each id"),
  ],
  [
    "SessionRejected",
    ...apiError(400, "messages.0.content.1: unexpected `tool_use_id` found in `tool_result` blocks: t"),
  ],
  ["SessionRejected", ...apiError(400, "A conversation must alternate between user and assistant roles.")],
  ["SessionRejected", ...apiError(400, "Invalid value: 'messages[5].content[0].image_url'")],
  [
    "SessionRejected",
    ...apiError(400, "The image was specified as image/png, but the image appears to be an image/jpeg image"),
  ],
  ["SessionRejected", ...apiError(400, "The image data you provided does not represent a valid image")],
  // Outputs.
  ["OutputTooLong", undefined, "API Error: Claude's response exceeded the 32000 output token maximum."],
  ["OutputTooLong", undefined, "API Error: Claude's response exceeded the 32,000 output token maximum."],
  ["SessionRejected", ...apiError(400, "No tool output found for function call call_8xQ.")],
  ["SessionRejected", ...apiError(400, "Unable to submit request because it must have a text parameter.")],
  ["CreditExhausted", ...apiError(403, "INVALID_PAYMENT_INSTRUMENT: A valid payment instrument must be provided.")],
  ["AuthenticationFailed", ...apiError(404, "Organization not found")],
  // Other 4xx errors, and transient errors.
  ["InvalidRequest", ...apiError(400, "tools.3.custom.input_schema: JSON schema is invalid")],
  [
    "InvalidRequest",
    ...apiError(400, "max_tokens: 300000 > 128000, which is the maximum allowed number of output tokens"),
  ],
  ["InvalidRequest", ...apiError(422, "Unprocessable")],
  ["InvalidRequest", ...apiError(400, "messages.1.content.0.cache_control.ttl: Extra inputs are not permitted")],
  ["InvalidRequest", ...apiError(400, "This model is not supported for prompt caching")],
  ["InvalidRequest", ...apiError(405, "Method Not Allowed")],
  ["InvalidRequest", undefined, 'API Error: 400 {"error":{"message":"no"}}'],
  ["ApiError", ...apiError(408, "Request Timeout")],
  ["ApiError", ...apiError(409, "Conflict")],
  ["ApiError", ...apiError(425, "Too Early")],
  ["ApiError", ...apiError(500, "This organization has been disabled")],
  ["ApiError", ...apiError(529, "Overloaded")],
  ["ApiError", undefined, "API Error: 502 Bad Gateway"],
];

test.each(rows)("%s: %s %s", (reason, status, text) => {
  expect(verdict(status, text).reason).toBe(reason);
});

test("the CLI's own names for an error are used without the API's text", () => {
  expect(verdict(undefined, "?", { api_error: "tool_history_mismatch" }).reason).toBe("SessionRejected");
  expect(verdict(undefined, "?", { api_error: "max_output_tokens" }).reason).toBe("OutputTooLong");
  expect(verdict(403, "?", { api_error: "usage_limit_reached" }).reason).toBe("AuthenticationFailed");
  expect(verdict(undefined, "?", { api_error: "org_disabled_credential" }).reason).toBe("AuthenticationFailed");
  expect(verdict(undefined, "?", { api_error: "connection_failed" }).reason).toBe("ApiError");
});

test("a permanent 4xx is never retryable and never ApiError", () => {
  const final = Array.from({ length: 100 }, (_, index) => 400 + index).filter((s) => ![408, 409, 425, 429].includes(s));
  for (const status of final) {
    const { reason, message } = verdict(status, `API Error: ${status} whatever`);
    expect([status, isFailureReason(reason) && failureReasons[reason].retryable]).toEqual([status, false]);
    expect(message).not.toContain("could not be reached");
  }
});

test("model text about errors is no API error", () => {
  const facts = new Facts();
  const text = "I raised the limit: your prompt is too long no more, 400 does not come again.";
  facts.add({ type: "assistant", message: { id: "m", model: "claude", content: [{ type: "text", text }] } });
  facts.add({ type: "result", is_error: true, num_turns: 1, result: text });
  expect(classify({ facts, ending: { exitCode: 1 }, nowMs }).reason).toBe("ClaudeFailed");
});

/** Texts that make an unbounded expression backtrack. */
const seeds = [
  ...["resets 3pm (", "resets at ", "2027-01-01 at ", "|1796000000", "Jan 1, 2027 at ", "your a ", "exceeded your "],
  ...[
    "messages.1 ",
    "tool_use ",
    "tool_result",
    "thinking ",
    "model ",
    "image ",
    "organization ",
    "input ",
    "session ",
  ],
  ...["API Error (", "API Error: ", "exceeds the ", " ", "\n", "a", "1", "{", "token"],
];

test("the work does not grow with the length of a text", () => {
  const phrases = Object.values(words).flatMap((value) => (Array.isArray(value) ? (value as RegExp[]) : []));
  expect(phrases.length).toBeGreaterThan(40);
  for (const seed of seeds) {
    const text = seed.repeat(Math.ceil((8 << 20) / seed.length));
    expect(words.matchedPart(text).length).toBeLessThanOrEqual(4096);
    // Eight MiB of each would take an unbounded expression hours.
    words.matchesAny(text, phrases);
    resetTimeInText(text, nowMs);
    verdict(400, text);
  }
});
