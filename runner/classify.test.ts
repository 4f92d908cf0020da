import { describe, expect, test } from "vitest";
import { classify, type Classification } from "./classify.ts";
import type { Ending } from "./ending.ts";
import type { JsonObject } from "./event.ts";
import { Facts } from "./facts.ts";

const nowMs = Date.parse("2026-11-22T12:00:00Z");
const init = { type: "system", subtype: "init", session_id: "s" };
const good = { type: "result", subtype: "success", is_error: false, num_turns: 2, result: "fine" };
const bad = { ...good, is_error: true };

function verdict(events: readonly JsonObject[], ending: Ending, stderrLine?: string, baseUrl?: string): Classification {
  const facts = new Facts();
  for (const event of events) facts.add(event);
  return classify({ facts, ending, stderrLine, stderr: stderrLine === undefined ? [] : [stderrLine], nowMs, baseUrl });
}

const assistantError = (error: string) => ({ type: "assistant", error, message: { id: "m" } });
const limit = (info: JsonObject) => ({ type: "rate_limit_event", rate_limit_info: info });
const cases: readonly [
  sentence: string,
  events: readonly JsonObject[],
  ending: Ending,
  reason: Classification["reason"],
][] = [
  ["exit 0 and a good last result is success", [init, good], { exitCode: 0 }, "Completed"],
  ["denied permissions do not fail a run", [init, { ...good, permission_denials: [{}] }], { exitCode: 0 }, "Completed"],
  ["only the last result counts", [init, bad, init, good], { exitCode: 0 }, "Completed"],
  ["a later bad result fails the run", [init, good, init, bad], { exitCode: 1 }, "ClaudeFailed"],
  ["an unknown exit code does not take a good result back", [init, good], {}, "Completed"],
  ["a good result and exit 1 is a failure", [init, good], { exitCode: 1 }, "ClaudeFailed"],
  ["a good result and a signal is a failure", [init, good], { signal: "SIGKILL" }, "ClaudeFailed"],
  ["no event and exit 1 means that it did not start", [], { exitCode: 1 }, "ClaudeStartFailed"],
  ["no event and exit 0 is no start failure", [], { exitCode: 0 }, "NoResult"],
  ["no event and a signal's exit code is no start failure", [], { exitCode: 143 }, "NoResult"],
  ["no event and nothing known", [], {}, "NoResult"],
  ["an interrupted run has no result, even with exit 0", [init], { exitCode: 0 }, "NoResult"],
  ["max turns", [init, { ...bad, subtype: "error_max_turns" }], { exitCode: 1 }, "MaxTurns"],
  ["budget", [init, { ...bad, subtype: "error_max_budget_usd" }], { exitCode: 1 }, "BudgetExceeded"],
  [
    "an unknown session",
    [{ ...bad, result: undefined, errors: ["No conversation found with session ID: x"] }],
    { exitCode: 1 },
    "SessionNotFound",
  ],
  [
    "a refusal comes before the API error it looks like",
    [{ ...bad, stop_reason: "refusal", api_error_status: 500 }],
    { exitCode: 1 },
    "Refusal",
  ],
  ["prompt_too_long", [{ ...bad, terminal_reason: "prompt_too_long" }], { exitCode: 1 }, "PromptTooLarge"],
  ["413", [{ ...bad, api_error_status: 413 }], { exitCode: 1 }, "PromptTooLarge"],
  ["billing", [assistantError("billing_error"), { ...bad, api_error_status: 400 }], { exitCode: 1 }, "CreditExhausted"],
  ["401", [{ ...bad, api_error_status: 401 }], { exitCode: 1 }, "AuthenticationFailed"],
  ["403", [{ ...bad, api_error_status: 403 }], { exitCode: 1 }, "AuthenticationFailed"],
  ["not logged in", [assistantError("authentication_failed"), bad], { exitCode: 1 }, "AuthenticationFailed"],
  [
    "a rejected limit",
    [limit({ status: "rejected" }), { ...bad, api_error_status: 429 }],
    { exitCode: 1 },
    "UsageLimited",
  ],
  [
    "an allowed limit is none",
    [limit({ status: "allowed_warning" }), { ...bad, api_error_status: 429 }],
    { exitCode: 1 },
    "RateLimited",
  ],
  [
    "a rejection that was taken back",
    [limit({ status: "rejected" }), limit({ status: "allowed" }), { ...bad, api_error_status: 500 }],
    { exitCode: 1 },
    "ApiError",
  ],
  ["404", [{ ...bad, api_error_status: 404 }], { exitCode: 1 }, "ModelNotFound"],
  ["529", [{ ...bad, api_error_status: 529 }], { exitCode: 1 }, "ApiError"],
  ["no connection", [{ ...bad, api_error: "connection_failed" }], { exitCode: 1 }, "ApiError"],
  [
    "an error of an earlier turn explains nothing later",
    [assistantError("server_error"), bad, { type: "assistant" }, bad],
    { exitCode: 1 },
    "ClaudeFailed",
  ],
  [
    "a model may write about its credit balance",
    [{ ...good, result: "credit balance" }],
    { exitCode: 1 },
    "ClaudeFailed",
  ],
  [
    "an error with no better word",
    [init, { ...bad, subtype: "error_during_execution" }],
    { exitCode: 0 },
    "ClaudeFailed",
  ],
  ["a result without is_error is no success", [init, { type: "result" }], { exitCode: 0 }, "ClaudeFailed"],
];

const answer = (more: object = {}) => ({
  type: "assistant",
  message: { id: "m", model: "claude", content: [] },
  ...more,
});
const failed = (status: number) => ({ ...bad, api_error_status: status, result: `API Error: ${status} x` });
const rejected = (more: object = {}) => limit({ status: "rejected", resetsAt: 1_796_000_000, ...more });
const blocked = {
  type: "system",
  subtype: "informational",
  prevent_continuation: true,
  content: "Operation stopped by hook: no",
};
const lastWords: typeof cases = [
  ["a rejection before the model's answer", [rejected(), answer(), failed(500)], { exitCode: 1 }, "ApiError"],
  ["a rejection, then an error of the server", [rejected(), failed(500)], { exitCode: 1 }, "ApiError"],
  ["a rejection, then an invalid request", [rejected(), answer(), failed(400)], { exitCode: 1 }, "InvalidRequest"],
  ["extra usage, then 429", [rejected({ isUsingOverage: true }), failed(429)], { exitCode: 1 }, "RateLimited"],
  ["a rejection, then 429", [rejected(), failed(429)], { exitCode: 1 }, "UsageLimited"],
  [
    "an error that claude got past, then another",
    [answer({ error: "authentication_failed", api_error_status: 401 }), answer(), failed(500)],
    { exitCode: 1 },
    "ApiError",
  ],
  [
    "a subagent's error is not the run's",
    [answer({ error: "billing_error", parent_tool_use_id: "t" }), failed(500)],
    { exitCode: 1 },
    "ApiError",
  ],
  ["a prompt that a hook blocked", [init, blocked, { ...good, num_turns: 0 }], { exitCode: 0 }, "PromptBlocked"],
  [
    "the same, of --output-format json",
    [{ ...good, num_turns: 0, result: "UserPromptSubmit operation blocked by hook:\nno" }],
    { exitCode: 0 },
    "PromptBlocked",
  ],
  [
    "a tool that a hook stopped, without an answer",
    [init, answer(), blocked, { ...good, result: "", terminal_reason: "hook_stopped" }],
    { exitCode: 0 },
    "PromptBlocked",
  ],
  [
    "the same, of --output-format json",
    [{ ...good, result: "", terminal_reason: "hook_stopped" }],
    { exitCode: 0 },
    "PromptBlocked",
  ],
  [
    "an answer that a hook stopped after it stands",
    [init, answer(), blocked, { ...good, terminal_reason: "hook_stopped" }],
    { exitCode: 0 },
    "Completed",
  ],
  ["a local command takes no turn either", [init, { ...good, num_turns: 0 }], { exitCode: 0 }, "Completed"],
  [
    "an answer stands if a hook blocks what comes after it",
    [init, answer(), good, blocked, { ...good, num_turns: 0 }],
    { exitCode: 0 },
    "Completed",
  ],
];

test.each(lastWords)("only the last result decides: %s", (_sentence, events, ending, reason) => {
  expect(verdict(events, ending).reason).toBe(reason);
});

test.each(cases)("%s", (_sentence, events, ending, reason) => {
  expect(verdict(events, ending).reason).toBe(reason);
});

describe("the message", () => {
  test("names the exit code, the signal and stderr's last line", () => {
    expect(verdict([init], { exitCode: 143 }, "bye").message).toMatch(/exit code 143 \(SIGTERM\).*bye/u);
    expect(verdict([init], { signal: "SIGKILL" }).message).toContain("signal SIGKILL");
    expect(verdict([], { exitCode: 1 }, "error: unknown option").message).toBe("error: unknown option");
  });

  test("explains an illegal instruction and similar signals", () => {
    expect(verdict([init], { signal: "SIGILL" }).message).toMatch(/SIGILL.*illegal instruction.*AVX/u);
    expect(verdict([], { exitCode: 132 }).message).toMatch(/AVX/u);
    expect(verdict([], { exitCode: 139 }).message).toMatch(/segmentation fault/u);
    expect(verdict([], { exitCode: 126 }).message).toMatch(/cannot be executed/u);
    expect(verdict([], { exitCode: 127 }).message).toMatch(/not found/u);
    expect(verdict([init, good], { signal: "SIGBUS" }).message).toMatch(/bus error/u);
  });

  test("quotes the hook, not the prompt that it blocked", () => {
    const content =
      "UserPromptSubmit operation blocked by hook:\n[guard]: not here\n\n\nOriginal prompt: private words";
    const { message } = verdict([init, { ...blocked, content }, { ...good, num_turns: 0, result: content }], {});
    expect(message).toContain("[guard]: not here");
    expect(message).not.toContain("private words");
  });

  test("of a 404 names an ANTHROPIC_BASE_URL that is not Anthropic's, without its secrets", () => {
    const at = (url?: string): string => verdict([failed(404)], { exitCode: 1 }, undefined, url).message;
    expect(at("https://user:pass@gateway.example/llm?key=abc")).toContain(
      "ANTHROPIC_BASE_URL is https://gateway.example/llm:",
    );
    expect(at("nonsense")).toContain("ANTHROPIC_BASE_URL is not a URL");
    expect(at("https://anthropic.com.example")).toContain("ANTHROPIC_BASE_URL is");
    expect(at("https://api.anthropic.com")).not.toContain("ANTHROPIC_BASE_URL is");
    expect(at()).not.toContain("ANTHROPIC_BASE_URL is");
  });

  test("quotes claude", () => {
    expect(verdict([{ ...bad, api_error_status: 401, result: "Invalid API key" }], { exitCode: 1 }).message).toContain(
      "Invalid API key",
    );
  });
});

describe("resumeAfterTime", () => {
  const limited = (result: string) => verdict([{ ...bad, result }], { exitCode: 1 }).resumeAfterTime;

  test("is resetsAt of the limit that resets last", () => {
    const events = [
      limit({ status: "rejected", rateLimitType: "five_hour", resetsAt: 1_796_000_000 }),
      limit({ status: "rejected", rateLimitType: "seven_day", resetsAt: 1_796_000_300 }),
      limit({ status: "allowed", rateLimitType: "opus", resetsAt: 1_999_999_999 }),
      bad,
    ];
    expect(verdict(events, { exitCode: 1 }).resumeAfterTime).toBe("2026-11-30T00:58:20Z");
  });

  test.each([
    ["milliseconds", 1_796_000_000_000],
    ["the past", 1_700_000_000],
    ["a time that no calendar has", 1e300],
    ["a number below zero", -1_796_000_000],
    ["text", "1796000000"],
  ])("is no time that cannot be: resetsAt is %s", (_, resetsAt) => {
    const found = verdict([limit({ status: "rejected", resetsAt }), { ...bad, api_error_status: 429 }], {
      exitCode: 1,
    });
    expect(found).toEqual({ reason: "UsageLimited", message: found.message });
  });

  test("is parsed from the text without an event, and absent rather than guessed", () => {
    expect(limited("You've hit your 5-hour limit · resets 2:13am (UTC)")).toBe("2026-11-23T02:13:00Z");
    expect(limited("Claude AI usage limit reached|1796000000")).toBe("2026-11-30T00:53:20Z");
    expect(limited("You've hit your limit · resets 3pm (UTC)")).toBe("2026-11-22T15:00:00Z");
    expect(limited("You've hit your limit · resets 3:30am (America/New_York)")).toBe("2026-11-23T08:30:00Z");
    expect(limited("You've hit your limit · resets Nov 25, 5pm (Europe/Berlin)")).toBe("2026-11-25T16:00:00Z");
    expect(limited("You've hit your limit · resets Jan 2 at 5pm (UTC)")).toBe("2027-01-02T17:00:00Z");
    expect(limited("You've hit your limit · resets Jan 1, 2100, 12am (UTC)")).toBe("2100-01-01T00:00:00Z");
    expect(limited("You've hit your limit · resets Jul 1, 2027 at 5:30pm (America/New_York)")).toBe(
      "2027-07-01T21:30:00Z",
    );
    expect(limited("You've hit your limit · resets Feb 29, 5pm (UTC)")).toBeUndefined();
    expect(limited("You've hit your limit · resets Feb 29, 2028, 5pm (UTC)")).toBe("2028-02-29T17:00:00Z");
    expect(limited("You've hit your limit · resets Foo 1, 2100, 12am (UTC)")).toBeUndefined();
    expect(limited("You've hit your limit · resets Jan 1, 2100, 13pm (UTC)")).toBeUndefined();
    expect(limited("You've hit your limit · resets Jan 1, 2100, 12am")).toBeUndefined();
    expect(limited("You've hit your limit · resets 3pm")).toBeUndefined();
    expect(limited("You've hit your limit · resets 3pm (Nowhere/Land)")).toBeUndefined();
  });
});
