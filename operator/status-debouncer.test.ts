import { expect, test } from "vitest";
import { StatusDebouncer } from "./status-debouncer.ts";

test("a state is written once it has lasted", () => {
  const debouncer = new StatusDebouncer(1_500);
  expect(debouncer.touch("a", "Admitting", 10_000)).toBe(1_500);
  expect(debouncer.touch("a", "Admitting", 10_400)).toBe(1_100);
  expect(debouncer.touch("b", "Admitting", 11_000)).toBe(1_500);
  expect(debouncer.touch("a", "Admitting", 11_500)).toBe(0);
  expect(debouncer.touch("a", "Admitting", 99_000)).toBe(0);
});

test("another state starts again, and so does one that was dropped", () => {
  const debouncer = new StatusDebouncer(1_500);
  debouncer.touch("a", "Admitting", 0);
  expect(debouncer.touch("a", "Starting", 1_000)).toBe(1_500);
  debouncer.forget("a");
  expect(debouncer.touch("a", "Starting", 9_000)).toBe(1_500);
});

test("deleted runs do not fill the memory", () => {
  const debouncer = new StatusDebouncer(1_500);
  for (let i = 0; i <= 20_000; i += 1) debouncer.touch(`run-${i}`, "Admitting", 0);
  expect(debouncer.touch("run-0", "Admitting", 1_500)).toBe(1_500);
});
