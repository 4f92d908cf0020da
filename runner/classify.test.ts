import { describe, expect, test } from "vitest";
import { classify, type Verdict } from "./classify.ts";
import type { Ending } from "./ending.ts";
import type { JsonObject } from "./event.ts";
import { Facts } from "./facts.ts";

const nowMs = Date.parse("2026-11-22T12:00:00Z");
const init = { type: "system", subtype: "init", session_id: "s" };
const good = { type: "result", subtype: "success", is_error: false, num_turns: 2, result: "fine" };
const bad = { ...good, is_error: true };

function verdict(events: readonly JsonObject[], ending: Ending, stderrLine?: string): Verdict {
  const facts = new Facts();
  for (const event of events) facts.add(event);
  return classify({ facts, ending, stderrLine, nowMs });
}

const assistantError = (error: string) => ({ type: "assistant", error, message: { id: "m" } });
const limit = (info: JsonObject) => ({ type: "rate_limit_event", rate_limit_info: info });
const cases: readonly [sentence: string, events: readonly JsonObject[], ending: Ending, reason: Verdict["reason"]][] = [
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

test.each(cases)("%s", (_sentence, events, ending, reason) => {
  expect(verdict(events, ending).reason).toBe(reason);
});

describe("the message", () => {
  test("names the exit code, the signal and stderr's last line", () => {
    expect(verdict([init], { exitCode: 143 }, "bye").message).toMatch(/exit code 143 \(SIGTERM\).*bye/u);
    expect(verdict([init], { signal: "SIGKILL" }).message).toContain("signal SIGKILL");
    expect(verdict([], { exitCode: 1 }, "error: unknown option").message).toBe("error: unknown option");
  });

  test("carries claude's own words", () => {
    expect(verdict([{ ...bad, api_error_status: 401, result: "Invalid API key" }], { exitCode: 1 }).message).toContain(
      "Invalid API key",
    );
  });
});

describe("resumeAfterTime", () => {
  const limited = (result: string) => verdict([{ ...bad, result }], { exitCode: 1 }).resumeAfterTime;

  test("is resetsAt of the limit that ends last", () => {
    const events = [
      limit({ status: "rejected", rateLimitType: "five_hour", resetsAt: 1_778_565_600 }),
      limit({ status: "rejected", rateLimitType: "seven_day", resetsAt: 1_778_565_900 }),
      limit({ status: "allowed", rateLimitType: "opus", resetsAt: 1_999_999_999 }),
      bad,
    ];
    expect(verdict(events, { exitCode: 1 }).resumeAfterTime).toBe("2026-05-12T06:05:00Z");
  });

  test("is read from the text where no event says it, and absent rather than guessed", () => {
    expect(limited("You've hit your 5-hour limit · resets 2:13am (UTC)")).toBe("2026-11-23T02:13:00Z");
    expect(limited("Claude AI usage limit reached|1778565600")).toBe("2026-05-12T06:00:00Z");
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
