/** The operator's life cycle: it fills its caches, then contends for leadership, and reconciles while it leads. */
import type { ActiveRunLimiter } from "./active-run-limit.ts";
import type { AgentQueue } from "./agent-queue.ts";
import type { Cluster } from "./cluster.ts";
import type { Leadership } from "./election.ts";
import type { Checks } from "./health.ts";
import type { Access } from "./kubernetes/access.ts";
import type { Caches } from "./kubernetes/caches.ts";
import type { ClientLeases } from "./kubernetes/client-leases.ts";
import type { Outages } from "./kubernetes/outages.ts";
import type { UnusedRunners } from "./kubernetes/unused-runners.ts";
import type { Log } from "./log.ts";
import { ownedOnly } from "./ownership.ts";
import { livez, readyz } from "./probes.ts";
import { reconcile, type ReconcileDeps } from "./reconcile.ts";
import type { Sampler } from "./sampler.ts";

/** The resync finds changes that no watch delivered. */
const resyncMs = 300_000;

export interface ControllerParts {
  readonly caches: Caches;
  readonly access: Access;
  readonly clients: ClientLeases;
  readonly cluster: Cluster;
  readonly activeRunLimiter: ActiveRunLimiter;
  readonly unusedRunners: UnusedRunners;
  readonly queue: AgentQueue;
  readonly leadership: Leadership;
  readonly outages: Pick<Outages, "assume">;
  /** Absent: running runs are not sampled. */
  readonly sampler: Sampler | undefined;
  readonly deps: ReconcileDeps;
  readonly log: Pick<Log, "info">;
}

export class Controller {
  readonly #parts: ControllerParts;
  #resync: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor(parts: ControllerParts) {
    this.#parts = parts;
  }

  get livez(): Checks {
    const { caches, queue } = this.#parts;
    return livez(caches.watches, () => queue.longestReconcileMs);
  }

  get readyz(): Checks {
    const { caches, access } = this.#parts;
    return readyz(
      caches.watches,
      () => this.#isStopping,
      (path) => access.rejection(path),
    );
  }

  /** Starts the watches. It contends for leadership once all caches are filled: decisions need complete caches. */
  async start(): Promise<void> {
    const { access, caches, leadership, log } = this.#parts;
    access.start();
    for (const watch of caches.watches) watch.start();
    await Promise.all(caches.watches.map((watch) => watch.whenSynced()));
    const { runs, jobs, pods } = caches;
    log.info({ runs: runs.size, jobs: jobs.size, pods: pods.size }, "caches synced");
    leadership.start({ gained: () => this.#lead(), lost: () => this.#pause() });
  }

  /** Waits for the reconciles in flight, releases the Lease, then stops the watches. */
  async stop(): Promise<void> {
    const { access, caches, leadership, queue } = this.#parts;
    this.#isStopping = true;
    access.stop();
    this.#pause();
    await queue.stop();
    await leadership.stop();
    await Promise.all(caches.watches.map((watch) => watch.stop()));
  }

  #lead(): void {
    const { activeRunLimiter, caches, cluster, deps, outages, queue, sampler } = this.#parts;
    // Leadership usually changes because the API server was unreachable or a process was frozen.
    outages.assume();
    // All active runs are counted before the first reconcile can add one.
    activeRunLimiter.reset([...caches.agents()].map((agent) => ({ agent, ...ownedOnly(cluster.observe(agent)) })));
    queue.start((agent) => reconcile(agent, deps));
    sampler?.start();
    this.#resyncNow();
    this.#resync = setInterval(() => {
      this.#resyncNow();
    }, resyncMs);
  }

  #resyncNow(): void {
    const { caches, queue, unusedRunners } = this.#parts;
    for (const agent of caches.agents()) queue.enqueue(agent);
    void unusedRunners.collect();
  }

  /** Reconciles in flight finish: they are safe next to those of another replica. */
  #pause(): void {
    const { clients, queue, sampler } = this.#parts;
    queue.pause();
    sampler?.stop();
    clearInterval(this.#resync);
    clients.stop();
  }
}
