import { describe, expect, it } from "vitest";
import { RateLimiter } from "./rate-limiter.ts";

const startMs = 1_000_000_000;

describe("the rate limiter", () => {
  it("lets each object through at most once in the interval, first at a random moment", () => {
    const limiter = new RateLimiter({ everyMs: 60_000, perSecond: 10, random: () => 0.5 });
    expect(limiter.reserve("a", startMs)).toBe(30_000);
    expect(limiter.reserve("a", startMs + 29_999)).toBe(1_000);
    expect(limiter.reserve("a", startMs + 30_000)).toBe(0);
    expect(limiter.reserve("a", startMs + 30_000)).toBe(60_000);
    expect(limiter.reserve("a", startMs + 90_000)).toBe(0);
  });

  it("lets at most the configured number through in a second, and all in the end", () => {
    const limiter = new RateLimiter({ everyMs: 60_000, perSecond: 10, random: () => 0 });
    const left = new Set(Array.from({ length: 95 }, (_, n) => `run-${n}`));
    const perSecond: number[] = [];
    for (let second = 0; left.size > 0; second += 1) {
      const through = [...left].filter((uid) => limiter.reserve(uid, startMs + second * 1000) === 0);
      for (const uid of through) left.delete(uid);
      perSecond.push(through.length);
    }
    expect(perSecond).toEqual([...Array<number>(9).fill(10), 5]);
  });
});
