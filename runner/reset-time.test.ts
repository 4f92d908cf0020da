import { expect, test } from "vitest";
import { isPossible, resetTimeInText } from "./reset-time.ts";

const nowMs = Date.parse("2026-11-29T12:00:00Z");

test.each([
  ["You will regain access on 2027-01-01 at 00:00 UTC.", "2027-01-01T00:00:00Z"],
  ["You will regain access on 2027-01-01.", "2027-01-01T00:00:00Z"],
  ["The limit resets at 2027-01-01T03:30:00+02:00", "2027-01-01T01:30:00Z"],
  ["Try again at 2027-01-01 18:15:30 (UTC)", "2027-01-01T18:15:30Z"],
  ["available again on January 3, 2027 at 09:00 UTC", "2027-01-03T09:00:00Z"],
  ["available again on 3 January 2027, 5:30 pm (UTC)", "2027-01-03T17:30:00Z"],
  ["usage limit reached|1796000000", "2026-11-30T00:53:20Z"],
])("%s", (text, time) => {
  expect(resetTimeInText(text, nowMs)).toBe(time);
});

test.each([
  "You will regain access on 2020-01-01 at 00:00 UTC.",
  "You will regain access on 2027-02-30 at 00:00 UTC.",
  "You will regain access on 2027-13-01.",
  "You will regain access soon",
  "Try again at 2027-01-01 18:15",
  "usage limit reached|1796000000000",
  "usage limit reached|1000000000",
  "usage limit reached|-1796000000",
  "resets Jan 1, 9999, 12am (UTC)",
])("no time: %s", (text) => {
  expect(resetTimeInText(text, nowMs)).toBeUndefined();
});

test("an impossible time is ignored: milliseconds, the past, no number", () => {
  const soon = nowMs / 1000 + 60;
  expect([soon, soon * 1000, nowMs / 1000 - 60, 0, -soon, NaN, Infinity].map((s) => isPossible(s, nowMs))).toEqual([
    true,
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
});
