import { expect, it } from "vitest";
import { Recent } from "./recent.ts";

it("remembers for as long as it was told, and from the last time", () => {
  let now = 0;
  const recent = new Recent(5_000, () => now);
  recent.add("a");
  now = 4_000;
  expect([recent.has("a"), recent.has("b")]).toEqual([true, false]);
  recent.add("a");
  now = 8_000;
  expect(recent.has("a")).toBe(true);
  now = 9_000;
  expect(recent.has("a")).toBe(false);
});
