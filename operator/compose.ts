/** Composes a controller from its configuration and its connection to the API server. */
import { ActiveRunLimiter } from "./active-run-limit.ts";
import { AgentQueue } from "./agent-queue.ts";
import type { Cluster } from "./cluster.ts";
import { Controller } from "./controller.ts";
import { agentKey, type Settings } from "./domain.ts";
import type { Leadership } from "./election.ts";
import { EventBudget } from "./event-budget.ts";
import { Access } from "./kubernetes/access.ts";
import { Caches } from "./kubernetes/caches.ts";
import { CheckpointReader } from "./kubernetes/checkpoint.ts";
import { ClientLeases } from "./kubernetes/client-leases.ts";
import { KubernetesCluster } from "./kubernetes/kubernetes-cluster.ts";
import { runnerConfigMapOf } from "./kubernetes/run-config-maps.ts";
import type { Transport } from "./kubernetes/transport.ts";
import { UnusedRunners } from "./kubernetes/unused-runners.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics/metrics.ts";
import type { PodDefaults } from "./plan/job.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { Sampler } from "./sampler.ts";
import { StatusDebouncer } from "./status-debouncer.ts";
import { StatusWriter } from "./status-writer.ts";

/** A state that lasts shorter than this is not written. */
const debounceMs = 1_500;
/** For queue positions far back and for deleted logs: few enough that active runs do not wait for these writes. */
const rateLimit = { everyMs: 60_000, perSecond: 10 };

export interface ControllerOptions {
  readonly transport: Transport;
  readonly log: Log;
  /** The bundled runner's source. */
  readonly runner: string;
  readonly defaults: PodDefaults;
  readonly settings: Settings;
  /** Only these namespaces; empty: all. */
  readonly namespaces: readonly string[];
  /** Number of agents that are reconciled at the same time. */
  readonly workers: number;
  /** A replica that does not lead only keeps its caches filled. */
  readonly leadership: Leadership;
  /** For tests: wraps the cluster to record or disturb calls. */
  readonly wrapCluster?: (cluster: Cluster) => Cluster;
  readonly metrics: Metrics;
  /** Least time between two samples of a run; 0: never. */
  readonly progressIntervalSeconds: number;
}

/** A controller that is not started yet. */
export function composeController(options: ControllerOptions): Controller {
  const { defaults, leadership, log, metrics, namespaces, runner, settings, transport, workers } = options;
  const queue = new AgentQueue({ leadership, metrics, log, workers });
  const { enqueue } = queue;
  const caches = new Caches({ transport, log, namespaces, defaults, enqueue });
  const { jobs, pods } = caches;
  const clients = new ClientLeases({ transport, enqueue, log });
  const sampler = composeSampler(options, { caches, queue });
  const sampleOf = sampler?.sampleOf.bind(sampler) ?? (() => undefined);
  const real = new KubernetesCluster({ transport, caches, clients, runner, defaults, log, sampleOf });
  const cluster = options.wrapCluster?.(real) ?? real;
  const activeRunLimiter = new ActiveRunLimiter(settings, enqueue);
  const statusWriter = new StatusWriter({
    cluster,
    log,
    debouncer: new StatusDebouncer(debounceMs),
    rateLimiter: new RateLimiter(rateLimit),
    onFinished: metrics.finished.bind(metrics),
  });
  metrics.view({
    runs: () => caches.runs.all(),
    watches: caches.watches,
    queue: () => queue,
    isLeader: () => leadership.isHeld,
    now: transport.now,
  });
  return new Controller({
    caches,
    access: new Access({ transport, log, paths: caches.watches.map(({ path }) => path) }),
    clients,
    cluster,
    activeRunLimiter,
    unusedRunners: new UnusedRunners({ transport, jobs, pods, current: runnerConfigMapOf(runner), log }),
    queue,
    leadership,
    outages: transport.outages,
    sampler,
    deps: { cluster, statusWriter, activeRunLimiter, events: new EventBudget(), log, settings, now: transport.now },
    log,
  });
}

function composeSampler(
  { progressIntervalSeconds, transport, metrics, log }: ControllerOptions,
  { caches, queue }: { readonly caches: Caches; readonly queue: AgentQueue },
): Sampler | undefined {
  if (progressIntervalSeconds === 0) return undefined;
  const reader = new CheckpointReader(transport);
  return new Sampler({
    intervalMs: progressIntervalSeconds * 1000,
    pods: () => caches.pods.all(),
    read: (pod) => reader.read(pod),
    onChange: ({ namespace, agent }) => {
      queue.enqueue(agentKey(namespace, agent));
    },
    onRead: metrics.sampled.bind(metrics),
    log,
  });
}
