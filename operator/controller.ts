/** Watches wake agents, the queue serves them one pass at a time each, every pass reconciles. */
import type { AgentKey, Settings } from "./domain.ts";
import { ConflictError } from "./errors.ts";
import { Caches } from "./kubernetes/caches.ts";
import { KubernetesCluster } from "./kubernetes/kubernetes-cluster.ts";
import type { Transport } from "./kubernetes/transport.ts";
import type { Log } from "./log.ts";
import { Patience } from "./patience.ts";
import type { PodDefaults } from "./plan/job.ts";
import { WorkQueue } from "./queue.ts";
import { reconcile } from "./reconcile.ts";

/** Workers that do nothing but record ends. */
const urgentConcurrency = 4;
/** States that pass sooner than this are not written. */
const patienceMs = 1_500;
/** A watch that is silent for so long is stuck: its own guard breaks it off after 90 s. */
const silenceMs = 300_000;
/** Whatever was missed is found at the latest by this. */
const resyncMs = 300_000;

export interface ControllerOptions {
  readonly transport: Transport;
  readonly log: Log;
  /** The bundled runner's source. */
  readonly runner: string;
  readonly defaults: PodDefaults;
  readonly settings: Settings;
  /** Only this namespace; absent: all. */
  readonly namespace?: string;
  /** Agents that are worked on at the same time. */
  readonly workers: number;
}

export class Controller {
  readonly #caches: Caches;
  readonly #queue: WorkQueue;
  readonly #log: Log;
  #resync: NodeJS.Timeout | undefined;
  #synced = false;

  constructor(options: ControllerOptions) {
    const { settings, workers, log, transport } = options;
    this.#log = log;
    this.#caches = new Caches({
      ...options,
      wake: (agent, urgent) => {
        this.#wake(agent, urgent);
      },
    });
    const cluster = new KubernetesCluster({ ...options, caches: this.#caches });
    const hands = { cluster, patience: new Patience(patienceMs), log, settings, now: transport.now };
    this.#queue = new WorkQueue((agent) => reconcile(agent as AgentKey, hands), {
      concurrency: workers,
      urgentConcurrency,
      onError: (agent, error, delayMs) => {
        this.#report(agent, error, delayMs);
      },
    });
  }

  /** True once all caches are filled and while their watches are heard. */
  get isReady(): boolean {
    return this.#synced && this.isAlive;
  }

  /** False if a watch was not heard for so long that only a new process can help: bookmarks come about once a minute. */
  get isAlive(): boolean {
    const oldestMs = performance.now() - silenceMs;
    return this.#caches.watches.every(({ lastHeardMs }) => lastHeardMs > oldestMs);
  }

  /** Keys that wait for a worker. */
  get depth(): number {
    return this.#queue.depth;
  }

  /** Starts the watches and, once all caches are filled, the work: a half-filled cache must not decide. */
  async start(): Promise<void> {
    for (const watch of this.#caches.watches) watch.start();
    await Promise.all(this.#caches.watches.map((watch) => watch.whenSynced()));
    this.#synced = true;
    this.#wakeAll();
    this.#resync = setInterval(() => {
      this.#wakeAll();
    }, resyncMs);
    const { runs, jobs, pods } = this.#caches;
    this.#log.info({ runs: runs.size, jobs: jobs.size, pods: pods.size }, "caches are filled, work begins");
  }

  /** Lets the passes in flight finish, then ends the watches. */
  async stop(): Promise<void> {
    clearInterval(this.#resync);
    this.#synced = false;
    await this.#queue.stop();
    await Promise.all(this.#caches.watches.map((watch) => watch.stop()));
  }

  #wake(agent: AgentKey, urgent: boolean): void {
    if (this.#synced) this.#queue.add(agent, urgent);
  }

  #wakeAll(): void {
    for (const agent of this.#caches.agents()) this.#queue.add(agent);
  }

  #report(agent: string, error: unknown, delayMs: number): void {
    // Somebody was faster, or the cache lagged: the next pass sees it.
    if (error instanceof ConflictError) this.#log.debug({ agent, err: error }, "changed meanwhile, looking again");
    else this.#log.error({ agent, err: error, delayMs: Math.round(delayMs) }, "pass failed, trying again");
  }
}
