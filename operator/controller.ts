/** Watches wake agents, the queue serves them one pass at a time each, every pass reconciles: on the replica that leads. */
import { Brake } from "./brake.ts";
import type { Cluster } from "./cluster.ts";
import { agentKey, type AgentKey, type Sample, type Settings } from "./domain.ts";
import type { Leadership } from "./election.ts";
import { ConflictError } from "./errors.ts";
import type { Checks } from "./health.ts";
import { livez, readyz } from "./probes.ts";
import { Caches } from "./kubernetes/caches.ts";
import { CheckpointReader } from "./kubernetes/checkpoint.ts";
import { ClientLeases } from "./kubernetes/client-leases.ts";
import { KubernetesCluster } from "./kubernetes/kubernetes-cluster.ts";
import type { Transport } from "./kubernetes/transport.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics/metrics.ts";
import { Pace } from "./pace.ts";
import { Patience } from "./patience.ts";
import type { PodDefaults } from "./plan/job.ts";
import { WorkQueue, type Lane } from "./queue.ts";
import { reconcile, type Surroundings } from "./reconcile.ts";
import { Sampler } from "./sampler.ts";

/** Workers that do nothing but record ends: as many as are busy when a starved API server takes most of a second for a write. */
const endConcurrency = 16;
/** States that pass sooner than this are not written. */
const patienceMs = 1_500;
/** Places far back in a queue, and logs that are gone: once a minute per run, and never felt by live work. */
const paceOptions = { everyMs: 60_000, perSecond: 10 };
/** What is in no hurry is looked at together. */
const laterMs = 2_000;
/** Whatever was missed is found at the latest by this. */
const resyncMs = 300_000;

export interface ControllerOptions {
  readonly transport: Transport;
  readonly log: Log;
  /** The bundled runner's source. */
  readonly runner: string;
  readonly defaults: PodDefaults;
  readonly settings: Settings;
  /** Only these namespaces; empty: all. */
  readonly namespaces: readonly string[];
  /** Agents that are worked on at the same time. */
  readonly workers: number;
  /** Whoever does not hold it keeps its caches warm and does nothing else. */
  readonly leadership: Leadership;
  /** Stands between the work and the cluster: whoever observes or disturbs what the operator does. */
  readonly through?: (cluster: Cluster) => Cluster;
  readonly metrics: Metrics;
  /** Running runs are asked how they get on, each at most so often; 0: never. */
  readonly progressIntervalSeconds: number;
}

export class Controller {
  readonly #caches: Caches;
  readonly #clients: ClientLeases;
  readonly #cluster: Cluster;
  readonly #brake: Brake;
  readonly #queue: WorkQueue;
  readonly #log: Log;
  readonly #leadership: Leadership;
  readonly #sampler: Sampler | undefined;
  readonly #metrics: Metrics;
  #resync: NodeJS.Timeout | undefined;
  #isStopping = false;
  /** Only while it works do changes wake agents. */
  #isWorking = false;

  constructor(options: ControllerOptions) {
    const { settings, workers, log, transport, leadership, metrics, through = (cluster) => cluster } = options;
    this.#metrics = metrics;
    this.#log = log;
    this.#leadership = leadership;
    const wake = (agent: AgentKey, lane: Lane | "later" = "rest"): void => this.#wake(agent, lane);
    this.#caches = new Caches({ ...options, wake });
    this.#clients = new ClientLeases({ transport, wake, log });
    this.#sampler = this.#samplerOf(options);
    const sampleOf = (uid: string): Sample | undefined => this.#sampler?.sampleOf(uid);
    const own = { caches: this.#caches, clients: this.#clients, sampleOf };
    const cluster = through(new KubernetesCluster({ ...options, ...own }));
    const brake = new Brake(settings, wake);
    const memory = { brake, patience: new Patience(patienceMs), pace: new Pace(paceOptions) };
    const onFinished = metrics.finished.bind(metrics);
    const hands = { cluster, ...memory, log, settings, now: transport.now, onFinished };
    this.#cluster = cluster;
    this.#brake = brake;
    metrics.view({
      runs: () => this.#caches.runs.all(),
      watches: this.#caches.watches,
      queue: () => this.#queue,
      isLeader: () => leadership.isHeld,
      now: transport.now,
    });
    this.#queue = new WorkQueue((agent) => this.#pass(agent as AgentKey, hands), {
      concurrency: workers,
      endConcurrency,
      onError: (agent, error, delayMs) => this.#report(agent, error, delayMs),
    });
  }

  get livez(): Checks {
    return livez(this.#caches.watches, () => this.#queue.longestPassMs);
  }

  get readyz(): Checks {
    return readyz(this.#caches.watches, () => this.#isStopping);
  }

  /** Starts the watches and, once all caches are filled, contends for the work: a half-filled cache must not decide. */
  async start(): Promise<void> {
    for (const watch of this.#caches.watches) watch.start();
    await Promise.all(this.#caches.watches.map((watch) => watch.whenSynced()));
    const { runs, jobs, pods } = this.#caches;
    this.#log.info({ runs: runs.size, jobs: jobs.size, pods: pods.size }, "caches are filled");
    this.#leadership.start({ gained: () => this.#begin(), lost: () => this.#pause() });
  }

  /** Lets the passes in flight finish, hands the work over, then ends the watches. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#pause();
    await this.#queue.stop();
    await this.#leadership.stop();
    await Promise.all(this.#caches.watches.map((watch) => watch.stop()));
  }

  #begin(): void {
    this.#countActive();
    this.#isWorking = true;
    this.#sampler?.start();
    this.#wakeAll();
    this.#resync = setInterval(() => this.#wakeAll(), resyncMs);
  }

  /** Passes in flight finish: they are safe beside those of another replica. */
  #pause(): void {
    this.#isWorking = false;
    this.#sampler?.stop();
    clearInterval(this.#resync);
    this.#queue.clear();
    this.#clients.stop();
  }

  async #pass(agent: AgentKey, hands: Surroundings): Promise<{ again?: number }> {
    // Forgotten is nothing: whoever leads next, this replica included, begins with all agents.
    if (!this.#isWorking || !this.#leadership.isHeld) return {};
    const beganMs = performance.now();
    const passed = (result: "ok" | "conflict" | "error"): void => {
      this.#metrics.passed(result, (performance.now() - beganMs) / 1000);
    };
    try {
      const again = await reconcile(agent, hands);
      passed("ok");
      return again;
    } catch (error) {
      passed(error instanceof ConflictError ? "conflict" : "error");
      throw error;
    }
  }

  #samplerOf({ progressIntervalSeconds, transport, metrics, log }: ControllerOptions): Sampler | undefined {
    if (progressIntervalSeconds === 0) return undefined;
    const reader = new CheckpointReader(transport);
    return new Sampler({
      intervalMs: progressIntervalSeconds * 1000,
      pods: () => this.#caches.pods.all(),
      read: (pod) => reader.read(pod),
      onNews: ({ namespace, agent }) => this.#wake(agentKey(namespace, agent), "rest"),
      onRead: metrics.sampled.bind(metrics),
      log,
    });
  }

  /** One check per watch; with a list of namespaces there is more than one of a kind. */
  #wake(agent: AgentKey, lane: Lane | "later"): void {
    if (!this.#isWorking) return;
    if (lane === "later") this.#queue.addAfter(agent, laterMs);
    else this.#queue.add(agent, lane);
  }

  /** All that is active is counted before the first pass could add to it. */
  #countActive(): void {
    this.#brake.start([...this.#caches.agents()].map((agent) => ({ agent, ...this.#cluster.observe(agent) })));
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
