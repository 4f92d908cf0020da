/** Runs whose API fails: with a status, in the middle of a reply at every kind of place, by silence, or not at all. */
import { beyondAnyPause, type Facts, type Row, type Scenario } from "./scenario.ts";
import { playTables } from "./tables.ts";

const final = { "x-should-retry": "false" };
const failing = (status: number, type: string, message: string, more = {}): Scenario => ({
  turns: [{ status, type, message, headers: final, ...more }],
});
const nothing: Facts = { turns: 1, cost: "0", code: 1 };

const cap = "You have reached your specified API usage limits.";
const disabled = "This organization has been disabled.";

const statuses: readonly Row[] = [
  ["401", failing(401, "authentication_error", "invalid x-api-key"), "AuthenticationFailed", nothing],
  [
    "a key that the API does not know",
    { environment: { ANTHROPIC_API_KEY: "bad-key-bad-key" } },
    "AuthenticationFailed",
    nothing,
  ],
  [
    "no key at all",
    { environment: { ANTHROPIC_API_KEY: "" } },
    "AuthenticationFailed",
    { ...nothing, requests: 0, message: /Not logged in/u },
  ],
  ["403", failing(403, "permission_error", "not allowed"), "AuthenticationFailed", nothing],
  [
    "no credit",
    failing(400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
    "CreditExhausted",
    nothing,
  ],
  ["413", failing(413, "request_too_large", "too large"), "PromptTooLarge", nothing],
  [
    "a prompt beyond the context",
    failing(400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum"),
    "PromptTooLarge",
    nothing,
  ],
  ["404", failing(404, "not_found_error", "model: no-such-model"), "ModelNotFound", nothing],
  [
    "429 to the end",
    failing(429, "rate_limit_error", "This request would exceed your rate limit"),
    "RateLimited",
    nothing,
  ],
  [
    "429 with a wait that is too long",
    failing(429, "rate_limit_error", "slow down", { headers: { "retry-after": "3600" } }),
    "RateLimited",
    nothing,
  ],
  ["529 to the end", failing(529, "overloaded_error", "Overloaded"), "ApiError", nothing],
  ["500 to the end", failing(500, "api_error", "Internal server error"), "ApiError", nothing],
  ["503 with another type", failing(503, "whatever", "no"), "ApiError", nothing],
  ["a directive that the API does not understand", { prompt: "@fake [{" }, "InvalidRequest", nothing],
  [
    "an API that is not there",
    { environment: { ANTHROPIC_BASE_URL: "http://127.0.0.1:9" } },
    "ApiError",
    { ...nothing, requests: 0 },
  ],
  [
    "a spending cap with its end",
    failing(400, "invalid_request_error", `${cap} You will regain access on 2100-01-01 at 00:00 UTC.`),
    "UsageLimited",
    { ...nothing, resumeAfterTime: "2100-01-01T00:00:00Z" },
  ],
  ["a spending cap without one", failing(400, "invalid_request_error", cap), "UsageLimited", nothing],
  [
    "a tool call without its result",
    failing(
      400,
      "invalid_request_error",
      "messages.1: `tool_use` ids were found without `tool_result` blocks: toolu_1",
    ),
    "SessionRejected",
    nothing,
  ],
  [
    "a signature that is not the API's",
    failing(400, "invalid_request_error", "messages.1.content.0: Invalid `signature` in `thinking` block"),
    "SessionRejected",
    nothing,
  ],
  ["an invalid request", failing(400, "invalid_request_error", "tools.0: invalid"), "InvalidRequest", nothing],
  ["422", failing(422, "invalid_request_error", "no"), "InvalidRequest", nothing],
  ["an organisation that is off", failing(400, "invalid_request_error", disabled), "AuthenticationFailed", nothing],
  [
    "a model that Bedrock does not know",
    failing(400, "invalid_request_error", "The provided model identifier is invalid."),
    "ModelNotFound",
    { ...nothing, message: /ANTHROPIC_BASE_URL is http:\/\/127/u },
  ],
  [
    "an answer that is always cut",
    { turns: [{ text: "cut", stop_reason: "max_tokens" }] },
    "OutputTooLong",
    { code: 1 },
  ],
  ["a refusal", { turns: [{ text: "", stop_reason: "refusal" }] }, "Refusal", { code: 1 }],
];

/** A subscription's account, and what its API says of its limits in headers. */
const limited = (claim: string, status: number, unified: string): Scenario => ({
  turns: [
    {
      ...(status === 200 ? { text: "ok" } : { status, type: "rate_limit_error", message: "limited" }),
      headers: {
        "anthropic-ratelimit-unified-status": unified,
        "anthropic-ratelimit-unified-reset": "4102444800",
        "anthropic-ratelimit-unified-representative-claim": claim,
      },
    },
  ],
  environment: { ANTHROPIC_API_KEY: "", CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-not-real" },
});
const until2100: Facts = { ...nothing, resumeAfterTime: "2100-01-01T00:00:00Z" };
const accounts: readonly Row[] = [
  ["the limit of five hours", limited("five_hour", 429, "rejected"), "UsageLimited", until2100],
  ["the limit of a week", limited("seven_day", 429, "rejected"), "UsageLimited", until2100],
  ["a limit that is near", limited("five_hour", 200, "allowed_warning"), "Completed", { turns: 1, code: 0 }],
];

const recovers: Facts = { turns: 1, cost: "0.0006", code: 0, text: "at last" };
const once = (step: object): Scenario => ({ turns: [{ ...step, times: 1 }, { text: "at last" }] });
const retried: readonly Row[] = [
  ["429 once", once({ status: 429, type: "rate_limit_error", headers: { "retry-after": "0" } }), "Completed", recovers],
  ["529 once", once({ status: 529, type: "overloaded_error" }), "Completed", recovers],
  ["500 once", once({ status: 500 }), "Completed", recovers],
  ["an error event in the stream", once({ sseError: "overloaded_error" }), "Completed", { ...recovers, requests: 2 }],
];

const places = ["headers", "head", "message_start", "delta", "utf8", "stream", "message_stop"] as const;
const text = "Ein Wort: Grüße 漢字 🦊";
const drops: readonly Row[] = [
  ...places
    .slice(0, 6)
    .map((drop): Row => [drop, once({ drop, text }), "Completed", { turns: 1, code: 0, text: "at last" }]),
  [
    // A busy CLI reads the reply's last bytes and its break at once, and asks again.
    "message_stop: the reply was whole, or is asked for again",
    once({ drop: "message_stop", text }),
    "Completed",
    { turns: 1, code: 0, text: /^(Ein Wort: Grüße 漢字 🦊|at last)$/u },
  ],
  [
    "input of a tool",
    once({ drop: "input", tool: "Bash", input: { command: "touch never" } }),
    "Completed",
    { text: "at last", turns: 1 },
  ],
];
const dropsForGood: readonly Row[] = (["headers", "message_start", "utf8", "stream"] as const).map((drop) => [
  drop,
  { turns: [{ drop, text }] },
  "ApiError",
  { turns: 1, code: 1 },
]);
const stalls: readonly Row[] = (["headers", "head", "message_start", "utf8", "stream"] as const).map((stall) => [
  stall,
  { turns: [{ stall, text }], silentFrom: "request", config: { idleTimeoutSeconds: beyondAnyPause } },
  "IdleTimeout",
  { stop: "IdleTimeout", code: 143, requests: 1 },
]);

playTables({
  statuses,
  "the same by 2.1.197": statuses
    .slice(-9)
    .map(([name, scenario, ...rest]): Row => [name, { ...scenario, version: "2.1.197" }, ...rest]),
  "a subscription": accounts,
  "tried again": retried,
  "the connection breaks once": drops,
  "the connection breaks every time": dropsForGood,
  "the reply stalls": stalls,
});
