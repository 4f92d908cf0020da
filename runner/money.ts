/** Formats money as a decimal string. */

/** Finer than any price per token and coarser than floating-point noise. */
const decimals = 10;

/** Formats 0.0006000000000000001 as "0.0006" and 1.5e-5 as "0.000015"; undefined for an invalid amount. */
export function decimalUSD(amount: number): string | undefined {
  if (!Number.isFinite(amount) || amount < 0 || amount >= 1e15) return undefined;
  const text = amount.toFixed(decimals);
  return text.replace(/0+$/u, "").replace(/\.$/u, "");
}
