/** Exact arithmetic on decimal strings: money is never a float. */

/** Decimals of the internal integers. The API's format has at most 20. */
const scale = 20n;

/** Returns the exact sum of dollar amounts in the status's format; undefined for an empty list. */
export function sumUSD(amounts: readonly string[]): string | undefined {
  if (amounts.length === 0) return undefined;
  const total = amounts.reduce((sum, amount) => sum + parseUnits(amount), 0n);
  const digits = total.toString().padStart(Number(scale) + 1, "0");
  const whole = digits.slice(0, -Number(scale));
  const fraction = digits.slice(-Number(scale)).replace(/0+$/, "");
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

/** Compares two amounts for a sort, highest first and unknown ones last. */
export function byCostDescending(a: string | undefined, b: string | undefined): number {
  const difference = (b === undefined ? -1n : parseUnits(b)) - (a === undefined ? -1n : parseUnits(a));
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}

/** Returns 0 for an invalid amount; the API server admits none. */
function parseUnits(amount: string): bigint {
  const found = /^(\d+)(?:\.(\d{1,20}))?$/.exec(amount);
  if (found === null) return 0n;
  const [, whole = "0", fraction = ""] = found;
  return BigInt(whole) * 10n ** scale + BigInt(fraction.padEnd(Number(scale), "0"));
}
