/** Estimates the API server's clock from the Date headers of its answers (whole seconds). */

/** Number of samples for the median: one of several API servers may have a wrong clock. */
const maxSamples = 15;
/** Answers that arrive together may all be from one API server, so they are one sample. */
const sampleIntervalMs = 1_000;
/** A Date header is cut to the second, so a smaller difference counts as 0. */
const minSkewMs = 2_000;
/** A larger difference is ignored: certificates would be invalid too. */
const maxSkewMs = 24 * 3_600_000;

export class ServerClock {
  readonly #uptime: () => number;
  /** The server's clock minus the local one, for each of the newest samples. */
  #samples: number[] = [];
  #sampledAtMs = -Infinity;
  /** The local clock minus the process's uptime: it changes only if the local clock is set. */
  #bootMs = 0;
  #skewMs = 0;

  /** `uptime` is a monotonic clock, in milliseconds. */
  constructor(uptime: () => number = () => performance.now()) {
    this.#uptime = uptime;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return Date.now() + this.#skewMs;
  }

  /** Takes a sample from the Date header of an answer. A missing or invalid header is ignored. */
  learn(date: string | undefined): void {
    const skewMs = Date.parse(String(date)) + 500 - Date.now();
    if (!(Math.abs(skewMs) <= maxSkewMs)) return;
    const uptimeMs = this.#uptime();
    const bootMs = Date.now() - uptimeMs;
    if (Math.abs(bootMs - this.#bootMs) > minSkewMs) this.#samples = [];
    else if (uptimeMs - this.#sampledAtMs < sampleIntervalMs) return;
    this.#bootMs = bootMs;
    this.#sampledAtMs = uptimeMs;
    this.#samples = [...this.#samples, skewMs].slice(-maxSamples);
    this.#skewMs = noticeable(median(this.#samples));
  }
}

/** The median. With an even number of samples it is the middle one that is closer to 0. */
function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const [low = 0, high = 0] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return Math.abs(low) <= Math.abs(high) ? low : high;
}

function noticeable(skewMs: number): number {
  return Math.abs(skewMs) < minSkewMs ? 0 : skewMs;
}
