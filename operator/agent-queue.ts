/** Reconciles agents that changed, on the leading replica. An agent has one reconcile at a time. */
import type { AgentKey } from "./domain.ts";
import type { Leadership } from "./election.ts";
import { ConflictError } from "./errors.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics/metrics.ts";
import { WorkQueue, type Lane } from "./queue.ts";

/** Extra workers that only record ends; this many are busy if the API server takes most of a second for a write. */
const endConcurrency = 16;
/**
 * Extra workers for namespaces without a reconcile in flight: a slow webhook in one namespace does not delay others.
 */
const spareConcurrency = 4;
/** Changes that are not urgent are collected for this long. */
const delayedMs = 2_000;

type Reconcile = (agent: AgentKey) => Promise<{ readonly requeueAfterMs?: number }>;

export interface AgentQueueOptions {
  readonly leadership: Pick<Leadership, "isHeld">;
  readonly metrics: Pick<Metrics, "reconciled">;
  readonly log: Pick<Log, "debug" | "error">;
  /** Agents that are reconciled at the same time. */
  readonly workers: number;
}

export class AgentQueue {
  readonly #options: AgentQueueOptions;
  readonly #queue: WorkQueue<AgentKey>;
  /** Set while this replica leads. Without it changes enqueue nothing. */
  #reconcile: Reconcile | undefined;

  constructor(options: AgentQueueOptions) {
    this.#options = options;
    this.#queue = new WorkQueue((agent) => this.#run(agent), {
      concurrency: options.workers,
      endConcurrency,
      spareConcurrency,
      onError: (agent, error, delayMs) => {
        this.#report(agent, error, delayMs);
      },
    });
  }

  /** Agents that wait for a worker. */
  get depth(): number {
    return this.#queue.depth;
  }

  /** Milliseconds that the first of them has waited; 0: none waits. */
  get oldestMs(): number {
    return this.#queue.oldestMs;
  }

  /** Milliseconds since the start of the longest reconcile in flight; 0: none is. */
  get longestReconcileMs(): number {
    return this.#queue.longestReconcileMs;
  }

  /** Bound, so that caches and clients can call it. */
  readonly enqueue = (agent: AgentKey, lane: Lane | "later" = "rest"): void => {
    if (this.#reconcile === undefined) return;
    if (lane === "later") this.#queue.addAfter(agent, delayedMs);
    else this.#queue.add(agent, lane);
  };

  /** Starts to accept agents and to reconcile them. */
  start(reconcile: Reconcile): void {
    this.#reconcile = reconcile;
  }

  /** Dropping the queue is safe: a new leader enqueues every agent. A reconcile in flight finishes. */
  pause(): void {
    this.#reconcile = undefined;
    this.#queue.clear();
  }

  /** Waits for the reconciles in flight. */
  async stop(): Promise<void> {
    this.pause();
    await this.#queue.stop();
  }

  async #run(agent: AgentKey): Promise<{ readonly requeueAfterMs?: number }> {
    const { leadership, metrics } = this.#options;
    if (this.#reconcile === undefined || !leadership.isHeld) return {};
    const startedMs = performance.now();
    const observe = (result: "ok" | "conflict" | "error"): void => {
      metrics.reconciled(result, (performance.now() - startedMs) / 1000);
    };
    try {
      const requeue = await this.#reconcile(agent);
      observe("ok");
      return requeue;
    } catch (error) {
      observe(error instanceof ConflictError ? "conflict" : "error");
      throw error;
    }
  }

  #report(agent: AgentKey, error: unknown, delayMs: number): void {
    const { log } = this.#options;
    // Another writer was faster, or the cache lagged: the next reconcile sees the change.
    if (error instanceof ConflictError) log.debug({ agent, err: error }, "object changed, reconciling again");
    else log.error({ agent, err: error, delayMs: Math.round(delayMs) }, "reconcile failed, retrying");
  }
}
