/** Delays between tries. */

export interface Backoff {
  /** Longest delay after the first failure; it doubles with each further one. */
  readonly baseMs: number;
  readonly maxMs: number;
}

/** The delay after a number of failures in a row; 0 without one. Half is random: clients do not retry together. */
export function backoffMs(failures: number, { baseMs, maxMs }: Backoff): number {
  if (failures <= 0) return 0;
  const capMs = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(capMs / 2 + (Math.random() * capMs) / 2);
}
