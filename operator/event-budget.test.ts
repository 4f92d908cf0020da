import { describe, expect, it } from "vitest";
import { EventBudget } from "./event-budget.ts";

/** The times at which runs that poll together are served; each comes back as late as `reserve` says. */
function served(count: number, untilMs: number): Map<string, number[]> {
  const budget = new EventBudget();
  const times = new Map<string, number[]>();
  const due = new Map(Array.from({ length: count }, (_, index) => [`run-${index}`, 0]));
  for (let nowMs = 0; nowMs < untilMs; nowMs += 100) {
    for (const [uid, atMs] of due) {
      if (atMs > nowMs) continue;
      const delayMs = budget.reserve({ namespace: "team", uid }, nowMs);
      if (delayMs === 0) times.set(uid, [...(times.get(uid) ?? []), nowMs]);
      due.set(uid, nowMs + (delayMs === 0 ? 5_000 : delayMs));
    }
  }
  return times;
}

describe("runs of one namespace", () => {
  it("that poll together take turns, twice a second", () => {
    const times = served(40, 20_000);
    expect([...times.values()].map(([first]) => first)).toEqual(Array.from({ length: 40 }, (_, index) => index * 500));
  });

  it("are served again only after all others", () => {
    const counts = [...served(40, 120_000).values()].map(({ length }) => length);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(5);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });

  it("keep their turn if they are reconciled before it", () => {
    const budget = new EventBudget();
    const reserve = (uid: string, nowMs: number): number => budget.reserve({ namespace: "team", uid }, nowMs);
    expect([reserve("a", 0), reserve("b", 0), reserve("b", 100), reserve("c", 100)]).toEqual([0, 500, 400, 900]);
    expect([reserve("b", 600), reserve("c", 1_000), reserve("b", 1_000)]).toEqual([0, 0, 500]);
  });
});

it("has a budget for each namespace", () => {
  const budget = new EventBudget();
  expect(budget.reserve({ namespace: "team", uid: "a" }, 0)).toBe(0);
  expect(budget.reserve({ namespace: "other", uid: "b" }, 0)).toBe(0);
});
