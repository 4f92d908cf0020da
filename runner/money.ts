/** Money as a decimal string. */

/** Ten decimals are finer than any price per token and coarser than the noise of adding floats. */
const decimals = 10;

/** 0.0006000000000000001 becomes "0.0006", 1.5e-5 becomes "0.000015"; undefined for what is no amount of money. */
export function decimalUSD(amount: number): string | undefined {
  if (!Number.isFinite(amount) || amount < 0 || amount >= 1e15) return undefined;
  const text = amount.toFixed(decimals);
  return text.replace(/0+$/u, "").replace(/\.$/u, "");
}
