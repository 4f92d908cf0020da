/** Sums of decimal strings, exact: money is never a float. */

/** More decimals than the API's own format has. */
const scale = 20n;

/** The sum of dollars as the status writes them; undefined for none at all. */
export function sumUSD(amounts: readonly string[]): string | undefined {
  if (amounts.length === 0) return undefined;
  const total = amounts.reduce((sum, amount) => sum + unitsOf(amount), 0n);
  const digits = total.toString().padStart(Number(scale) + 1, "0");
  const whole = digits.slice(0, -Number(scale));
  const fraction = digits.slice(-Number(scale)).replace(/0+$/, "");
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

/** Orders amounts, dearest first; unknown ones last. */
export function dearestFirst(a: string | undefined, b: string | undefined): number {
  const difference = (b === undefined ? -1n : unitsOf(b)) - (a === undefined ? -1n : unitsOf(a));
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}

/** What is no amount counts as nothing; the API server lets none through. */
function unitsOf(amount: string): bigint {
  const found = /^(\d+)(?:\.(\d{1,20}))?$/.exec(amount);
  if (found === null) return 0n;
  const [, whole = "0", fraction = ""] = found;
  return BigInt(whole) * 10n ** scale + BigInt(fraction.padEnd(Number(scale), "0"));
}
