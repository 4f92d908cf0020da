/** Writes statuses: debounce, rate limit, no-op check, and the Event, metric and log line of each change. */
import { isDeepStrictEqual } from "node:util";
import type { ClaudeRunStatus } from "../crds/claude-run.ts";
import type { Cluster } from "./cluster.ts";
import { condition } from "./decide/conditions.ts";
import type { Decision } from "./decide/decision.ts";
import { hasFinishedCondition } from "../crds/finished.ts";
import { withoutReport } from "./decide/ended-status.ts";
import { eventFor, stateOf } from "./decide/run-event.ts";
import { without } from "./decide/with-conditions.ts";
import type { Run } from "./domain.ts";
import { RejectedError } from "./errors.ts";
import type { Log } from "./log.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import type { StatusDebouncer } from "./status-debouncer.ts";

export interface StatusWriterOptions {
  readonly cluster: Cluster;
  /** Delays writes of states that may last only a moment. */
  readonly debouncer: StatusDebouncer;
  /** Limits the rate of unimportant writes: queue positions far back, deleted logs. */
  readonly rateLimiter: RateLimiter;
  readonly log: Pick<Log, "info" | "error">;
  /** Called with each finished run, once its status is written. */
  readonly onFinished?: (run: Run, status: ClaudeRunStatus) => void;
}

export class StatusWriter {
  readonly #options: StatusWriterOptions;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /**
   * Milliseconds until the decision may be written; 0: now, and the write is counted. "unchanged": the run already has
   * this status.
   */
  reserve(decision: Extract<Decision, { do: "updateStatus" }>, nowMs: number): number | "unchanged" {
    const { run, status, explainFrom, isDebounced, isRateLimited } = decision;
    const { debouncer, rateLimiter } = this.#options;
    if (explainFrom === undefined && isDeepStrictEqual(run.status, status)) {
      debouncer.forget(run.uid);
      return "unchanged";
    }
    const delayMs = isDebounced === true ? debouncer.touch(run.uid, stateOf(status), nowMs) : 0;
    if (delayMs > 0 || isRateLimited !== true || !isOnlyPosition(run.status, status)) return delayMs;
    return rateLimiter.reserve(run.uid, nowMs);
  }

  /** Ends the debounce of the run's state. */
  forget(run: Run): void {
    this.#options.debouncer.forget(run.uid);
  }

  /** Writes the status unless the run has it already. Throws ConflictError if the run changed since it was observed. */
  async write(run: Run, next: ClaudeRunStatus): Promise<void> {
    if (isDeepStrictEqual(run.status, next)) return;
    await this.#update(run, next);
    // A run that was evicted before its start stays Pending: its next attempt is reported too.
    if (run.status.phase === next.phase && run.status.attempt === next.attempt) return;
    this.#report(run, next);
  }

  /** Writes one condition of a finished run. The cache does not have the rest of its status, which is not changed. */
  async markLogsUnavailable(run: Run, nowMs: number): Promise<number | undefined> {
    const delayMs = this.#options.rateLimiter.reserve(run.uid, nowMs);
    if (delayMs > 0) return delayMs;
    await this.#options.cluster.markLogsUnavailable(run);
    return undefined;
  }

  async #update(run: Run, next: ClaudeRunStatus): Promise<void> {
    const { cluster, log } = this.#options;
    try {
      await cluster.updateStatus(run, next);
    } catch (error) {
      if (!(error instanceof RejectedError) || error.code !== 422 || !hasFinishedCondition(next)) throw error;
      // A CRD older than this operator may reject the runner's report; the end itself must be recorded.
      log.error(
        { namespace: run.namespace, run: run.name, err: error },
        "result rejected, recording the end without a result",
      );
      await cluster.updateStatus(run, withoutReport(next));
    }
  }

  #report(run: Run, next: ClaudeRunStatus): void {
    const { cluster, log, onFinished } = this.#options;
    if (hasFinishedCondition(next)) onFinished?.(run, next);
    const event = eventFor(run.status, next);
    if (event !== undefined) cluster.recordEvent(run, event);
    const { reason = "" } = condition(next.conditions, "Succeeded") ?? {};
    log.info(
      { namespace: run.namespace, run: run.name, agent: run.spec.agent, phase: next.phase, reason },
      "run phase changed",
    );
  }
}

function isOnlyPosition(before: ClaudeRunStatus, next: ClaudeRunStatus): boolean {
  return isDeepStrictEqual(without(before, "queuePosition"), without(next, "queuePosition"));
}
