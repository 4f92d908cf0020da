import { expect, it } from "vitest";
import { backoffMs } from "./backoff.ts";

const backoff = { baseMs: 100, maxMs: 5_000 };

it.each([
  [0, 0, 0],
  [1, 50, 100],
  [2, 100, 200],
  [5, 800, 1_600],
  [7, 2_500, 5_000],
  [1e9, 2_500, 5_000],
])("after %i failures is between %i and %i ms", (failures, leastMs, mostMs) => {
  for (let i = 0; i < 100; i += 1) {
    const delayMs = backoffMs(failures, backoff);
    expect(delayMs).toBeGreaterThanOrEqual(leastMs);
    expect(delayMs).toBeLessThanOrEqual(mostMs);
  }
});
