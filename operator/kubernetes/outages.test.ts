import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Outages } from "./outages.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const good = { code: "200", seconds: 0.01 };
const none = { code: "none", seconds: 2 };
const after = (seconds: number): void => void vi.advanceTimersByTime(seconds * 1000);

it("reports no outage at first, nor while requests get answers", () => {
  const outages = new Outages();
  expect(outages.sinceMs).toBe(Infinity);
  for (let n = 0; n < 100; n += 1) {
    after(60);
    outages.take(good);
  }
  expect(outages.sinceMs).toBe(Infinity);
});

it.each([["none"], ["502"], ["503"]])("reports one while requests end with %s, and the time since its end", (code) => {
  const outages = new Outages();
  outages.take(good);
  outages.take({ code, seconds: 2 });
  expect(outages.sinceMs).toBe(Infinity);
  after(6);
  expect(outages.sinceMs).toBe(0);
  after(84);
  outages.take(good);
  after(20);
  outages.take(good);
  expect(outages.sinceMs).toBe(20_000);
});

it("reports no outage for a failed request while others get answers", () => {
  const outages = new Outages();
  for (let n = 0; n < 100; n += 1) {
    after(2);
    outages.take(n % 3 === 0 ? { code: "500", seconds: 30 } : good);
  }
  expect(outages.sinceMs).toBe(Infinity);
});

it("reports an outage for a late answer, such as that of a frozen API server", () => {
  const outages = new Outages();
  outages.take(good);
  after(20);
  outages.take({ code: "200", seconds: 20 });
  expect(outages.sinceMs).toBe(0);
});

it("counts a rejection as an answer", () => {
  const outages = new Outages();
  after(60);
  outages.take(none);
  outages.take({ code: "403", seconds: 0.1 });
  after(60);
  outages.take({ code: "429", seconds: 0.1 });
  expect(outages.sinceMs).toBe(60_000);
});

it("can assume an outage that ends now", () => {
  const outages = new Outages();
  outages.assume();
  after(3);
  expect(outages.sinceMs).toBe(3_000);
});
