import { describe, expect, it } from "vitest";
import { Pace } from "./pace.ts";

const startMs = 1_000_000_000;

describe("the pace", () => {
  it("lets each object through at most once in a while, first at a moment of its own", () => {
    const pace = new Pace({ everyMs: 60_000, perSecond: 10, random: () => 0.5 });
    expect(pace.left("a", startMs)).toBe(30_000);
    expect(pace.left("a", startMs + 29_999)).toBe(1_000);
    expect(pace.left("a", startMs + 30_000)).toBe(0);
    expect(pace.left("a", startMs + 30_000)).toBe(60_000);
    expect(pace.left("a", startMs + 90_000)).toBe(0);
  });

  it("lets no more through in a second than it was told, and all in the end", () => {
    const pace = new Pace({ everyMs: 60_000, perSecond: 10, random: () => 0 });
    const left = new Set(Array.from({ length: 95 }, (_, n) => `run-${n}`));
    const perSecond: number[] = [];
    for (let second = 0; left.size > 0; second += 1) {
      const through = [...left].filter((uid) => pace.left(uid, startMs + second * 1000) === 0);
      for (const uid of through) left.delete(uid);
      perSecond.push(through.length);
    }
    expect(perSecond).toEqual([...Array<number>(9).fill(10), 5]);
  });
});
