import { describe, expect, it } from "vitest";
import { cancelReasons, failureReasons, queuedReasons } from "./reasons.ts";

const MAX_MEANING = 100;
const MAX_ADVICE = 120;

describe("texts of reasons", () => {
  it.each(Object.entries(failureReasons))(
    "%s is explained in one sentence and names the next step",
    (_reason, entry) => {
      expect(entry.meaning).toMatch(/^[A-Za-z][^\n]*\.$/);
      expect(entry.meaning.length).toBeLessThanOrEqual(MAX_MEANING);
      expect(entry.whatToDo).toMatch(/^[A-Z][^\n]*\.$/);
      expect(entry.whatToDo.length).toBeLessThanOrEqual(MAX_ADVICE);
    },
  );
  it.each(Object.entries({ ...cancelReasons, ...queuedReasons }))(
    "%s is explained without a trailing period, as a condition's message is",
    (_reason, meaning) => {
      expect(meaning).toMatch(/^[A-Za-z][^\n]*[^.\n]$/);
      expect(meaning.length).toBeLessThanOrEqual(MAX_MEANING);
    },
  );
  it("names both settings of the active-run limit", () => {
    expect(queuedReasons.ActiveRunsLimit).toMatch(/maxActiveRuns or maxActiveRunsPerNamespace/);
  });
});
