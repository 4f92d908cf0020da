/**
 * Detects outages of the API server from the answers to the operator's requests. A single failed request is no outage,
 * because a webhook may have failed. While other requests get answers, the API server is reachable.
 */
import type { Call } from "./calls.ts";

/** No good answer for longer than this is an outage, if a request failed or was slow in that time. */
const toleratedMs = 5_000;

export class Outages {
  #lastGoodMs = performance.now();
  #hasFailed = false;
  #endedMs = -Infinity;

  /** Records the result of a request. */
  take({ code, seconds }: Pick<Call, "code" | "seconds">): void {
    if (code === "none" || code.startsWith("5")) {
      this.#hasFailed = true;
      return;
    }
    const nowMs = performance.now();
    const wasAway = this.#hasFailed || seconds * 1000 > toleratedMs;
    if (wasAway && nowMs - this.#lastGoodMs > toleratedMs) this.#endedMs = nowMs;
    this.#lastGoodMs = nowMs;
    this.#hasFailed = false;
  }

  /** Assumes an outage that ends now: this replica may have been frozen or disconnected. */
  assume(): void {
    this.#endedMs = performance.now();
  }

  /** Milliseconds since the end of the last outage: 0 during an outage, Infinity if none is known. */
  get sinceMs(): number {
    const nowMs = performance.now();
    const isAway = this.#hasFailed && nowMs - this.#lastGoodMs > toleratedMs;
    return isAway ? 0 : nowMs - this.#endedMs;
  }
}
