import { expect, test } from "vitest";
import { Patience } from "./patience.ts";

test("a state is worth a write once it has lasted", () => {
  const patience = new Patience(1_500);
  expect(patience.left("a", "Admitting", 10_000)).toBe(1_500);
  expect(patience.left("a", "Admitting", 10_400)).toBe(1_100);
  expect(patience.left("b", "Admitting", 11_000)).toBe(1_500);
  expect(patience.left("a", "Admitting", 11_500)).toBe(0);
  expect(patience.left("a", "Admitting", 99_000)).toBe(0);
});

test("another state begins anew, and so does one that was forgotten", () => {
  const patience = new Patience(1_500);
  patience.left("a", "Admitting", 0);
  expect(patience.left("a", "Starting", 1_000)).toBe(1_500);
  patience.forget("a");
  expect(patience.left("a", "Starting", 9_000)).toBe(1_500);
});

test("runs that vanish do not fill the memory", () => {
  const patience = new Patience(1_500);
  for (let i = 0; i <= 20_000; i += 1) patience.left(`run-${i}`, "Admitting", 0);
  expect(patience.left("run-0", "Admitting", 1_500)).toBe(1_500);
});
