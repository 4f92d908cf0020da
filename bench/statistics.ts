/** Percentiles and formats of figures. */

export interface Summary {
  readonly n: number;
  readonly p50: number;
  /** The maximum for fewer than a hundred values. */
  readonly p99: number;
  readonly max: number;
}

export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new Error("no value was measured");
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { n: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** Formats p50 and p99, such as "7.3 / 14 ms". */
export function milliseconds({ p50, p99 }: Summary): string {
  return `${short(p50)} / ${short(p99)} ms`;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 1_000 ? 2 : 1)} s`;
}

/** Formats with the precision of such measurements. */
export function short(value: number): string {
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}
