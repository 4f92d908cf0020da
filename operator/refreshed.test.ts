import { expect, test } from "vitest";
import { refreshedEvery } from "./refreshed.ts";

test("the value is computed at most once in the interval, even if that fails", () => {
  let nowMs = 0;
  let calls = 0;
  const read = refreshedEvery(
    1_000,
    () => {
      calls += 1;
      if (calls === 2) throw new Error("not now");
      return calls;
    },
    () => nowMs,
  );
  expect([read(), read()]).toEqual([1, 1]);
  nowMs = 999;
  expect(read()).toBe(1);
  nowMs = 1_000;
  expect(read).toThrow("not now");
  expect(read).toThrow("not now");
  nowMs = 2_000;
  expect([read(), read(), calls]).toEqual([3, 3, 3]);
});
