/** Sums of decimal strings, exact. */
import { expect, it } from "vitest";
import { sumUSD } from "./money.ts";

it.each([
  [["0.1", "0.2"], "0.3"],
  [["999999999.00000000000000000001", "0.00000000000000000009"], "999999999.0000000000000000001"],
  [["1", "1"], "2"],
  [[], undefined],
])("the sum of %j is %s", (amounts, sum) => {
  expect(sumUSD(amounts)).toBe(sum);
});
