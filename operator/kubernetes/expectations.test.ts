import { expect, it } from "vitest";
import { Expectations } from "./expectations.ts";

it("keeps an entry for the configured time since the last add", () => {
  let now = 0;
  const recent = new Expectations(5_000, () => now);
  recent.add("a");
  now = 4_000;
  expect([recent.has("a"), recent.has("b")]).toEqual([true, false]);
  recent.add("a");
  now = 8_000;
  expect(recent.has("a")).toBe(true);
  now = 9_000;
  expect(recent.has("a")).toBe(false);
});
