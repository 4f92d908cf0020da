/**
 * The operator's metrics; docs/metrics.md lists them. Labels are bounded: fixed words, kinds of objects, and namespaces
 * (a cluster has few, and users need costs by namespace), never runs, agents or models.
 */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import type { Call } from "../kubernetes/calls.ts";
import { isFinished } from "../../crds/finished.ts";
import { type Run } from "../domain.ts";
import { Registry, type Labels } from "./exposition.ts";
import { describeProcess } from "./process.ts";

/** Values that are read at each scrape. */
export interface Views {
  readonly runs: () => Iterable<Run>;
  readonly watches: readonly {
    readonly resource: string;
    readonly restarts: number;
    readonly missed: number;
    readonly tooLarge: number;
  }[];
  readonly queue: () => { readonly depth: number; readonly oldestMs: number };
  readonly isLeader: () => boolean;
  readonly now: () => number;
}

const latencyBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** From a second to a day, because runs are short and long. */
const phaseBuckets = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];

export class Metrics {
  readonly registry = new Registry();
  readonly #finished = this.registry.counter({
    name: "claude_run_finished_total",
    help: "Finished runs, by namespace, phase and reason; each is counted once.",
  });
  readonly #durations = this.registry.histogram(
    {
      name: "claude_run_phase_duration_seconds",
      help: "Time that finished runs were queued, pending and running.",
    },
    phaseBuckets,
  );
  readonly #cost = this.registry.counter({
    name: "claude_run_cost_usd_total",
    help: "Cost of finished runs in US dollars, as reported by claude, by namespace.",
  });
  readonly #tokens = this.registry.counter({
    name: "claude_run_tokens_total",
    help: "Tokens of finished runs, by namespace and kind.",
  });
  readonly #reconciles = this.registry.counter({
    name: "claude_run_reconcile_passes_total",
    help: "Reconciles of an agent, by result: ok, conflict (no error) or error.",
  });
  readonly #reconcileSeconds = this.registry.histogram(
    { name: "claude_run_reconcile_duration_seconds", help: "Duration of a reconcile." },
    latencyBuckets,
  );
  readonly #calls = this.registry.counter({
    name: "claude_run_api_requests_total",
    help: "Requests to the API server, by verb, resource and code (none: no response).",
  });
  readonly #callSeconds = this.registry.histogram(
    {
      name: "claude_run_api_request_duration_seconds",
      help: "Time to the response headers of the API server, by verb and resource.",
    },
    latencyBuckets,
  );

  readonly #samples = this.registry.counter({
    name: "claude_run_progress_reads_total",
    help: "Reads of pod logs for progress, by result: ok, none (no checkpoint) or error.",
  });

  /** Adds the metrics that are read from the operator's parts at each scrape. */
  view(views: Views): void {
    const { registry } = this;
    registry.gauge({ name: "claude_run_leader", help: "1 on the leading replica, 0 on a standby." }, () =>
      views.isLeader() ? 1 : 0,
    );
    registry.gauge(
      { name: "claude_run_active", help: "Unfinished runs, by namespace and phase; each replica shows all." },
      () => activeRuns(views.runs()),
    );
    registry.gauge(
      {
        name: "claude_run_oldest_queued_seconds",
        help: "Age of the oldest run that is queued and not suspended; 0: no such run.",
      },
      () => oldestQueuedSeconds(views.runs(), views.now()),
    );
    registry.gauge(
      { name: "claude_run_queue_depth", help: "Number of agents that wait for a worker." },
      () => views.queue().depth,
    );
    registry.gauge(
      { name: "claude_run_queue_oldest_seconds", help: "Time that the oldest of them has waited; 0: none waits." },
      () => views.queue().oldestMs / 1000,
    );
    registry.readCounter(
      { name: "claude_run_watch_restarts_total", help: "Restarts of watches that were interrupted or failed." },
      () => summed(views.watches.map(({ resource, restarts }) => [resource, restarts])),
    );
    registry.readCounter(
      {
        name: "claude_run_relist_missed_total",
        help: "Changes that a periodic list found and the watch had missed.",
      },
      () => summed(views.watches.map(({ resource, missed }) => [resource, missed])),
    );
    registry.readCounter(
      {
        name: "claude_run_objects_too_large_total",
        help: "Objects that are too large and ignored, by resource; the log names each.",
      },
      () => summed(views.watches.map(({ resource, tooLarge }) => [resource, tooLarge])),
    );
    describeProcess(registry);
  }

  called({ verb, resource, code, seconds }: Call): void {
    this.#calls.add(1, { verb, resource, code });
    this.#callSeconds.observe(seconds, { verb, resource });
  }

  sampled(result: "ok" | "none" | "error"): void {
    this.#samples.add(1, { result });
  }

  reconciled(result: "ok" | "conflict" | "error", seconds: number): void {
    this.#reconciles.add(1, { result });
    this.#reconcileSeconds.observe(seconds);
  }

  /** Counts a finished run. Called when this replica has written its end. */
  finished({ namespace, createdMs }: Run, { conditions, result, ...rest }: ClaudeRunStatus): void {
    const { reason = "" } = conditions?.find(({ type }) => type === "Succeeded") ?? {};
    this.#finished.add(1, { namespace, phase: rest.phase ?? "", reason });
    if (result?.costUSD !== undefined) this.#cost.add(Number(result.costUSD), { namespace });
    const { inputTokens, outputTokens, cacheReadInputTokens, cacheCreationInputTokens } = result?.usage ?? {};
    const kinds = {
      input: inputTokens,
      output: outputTokens,
      cache_read: cacheReadInputTokens,
      cache_creation: cacheCreationInputTokens,
    };
    for (const [kind, tokens = 0] of Object.entries(kinds))
      if (tokens > 0) this.#tokens.add(tokens, { namespace, kind });
    const [admitted, started, ended] = [rest.admittedTime, rest.startTime, rest.completionTime].map(msOf);
    this.#lasted("queued", createdMs, admitted ?? ended);
    this.#lasted("pending", admitted, started ?? ended);
    this.#lasted("running", started, ended);
  }

  /** Unknown times are left out. Clocks of several machines wrote them, so a negative duration counts as 0. */
  #lasted(phase: string, fromMs: number | undefined, toMs: number | undefined): void {
    if (fromMs === undefined || toMs === undefined) return;
    this.#durations.observe(Math.max(0, toMs - fromMs) / 1000, { phase });
  }
}

function msOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time);
}

function activeRuns(runs: Iterable<Run>): [Labels, number][] {
  const counts = new Map<string, [Labels, number]>();
  for (const run of runs) {
    if (isFinished(run)) continue;
    const { namespace, status } = run;
    const phase = status.phase ?? "Queued";
    const key = `${namespace}/${phase}`;
    counts.set(key, [{ namespace, phase }, (counts.get(key)?.[1] ?? 0) + 1]);
  }
  return [...counts.values()];
}

function oldestQueuedSeconds(runs: Iterable<Run>, nowMs: number): number {
  let oldestMs = nowMs;
  for (const run of runs) {
    const isWaiting = (run.status.phase ?? "Queued") === "Queued" && !run.spec.suspend;
    if (isWaiting) oldestMs = Math.min(oldestMs, run.createdMs);
  }
  return (nowMs - oldestMs) / 1000;
}

/** Sums the counts by resource: with a list of namespaces there are several watches of a kind. */
function summed(counts: readonly (readonly [resource: string, count: number])[]): [Labels, number][] {
  const sums = new Map<string, number>();
  for (const [resource, count] of counts) sums.set(resource, (sums.get(resource) ?? 0) + count);
  return [...sums].map(([resource, count]) => [{ resource }, count]);
}
