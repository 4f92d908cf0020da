/** Delays between tries. */

export interface Backoff {
  /** Longest delay after the first failure; it doubles with each further one. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** From 0 up to 1. Default: Math.random. */
  readonly random?: () => number;
}

/** The delay after a number of failures in a row; 0 without one. Half is random: clients do not retry together. */
export function backoffMs(failures: number, { baseMs, maxMs, random = Math.random }: Backoff): number {
  if (failures <= 0) return 0;
  const capMs = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(capMs / 2 + (random() * capMs) / 2);
}
