/**
 * Detects lost clients: each client renews a Lease that its runs name. A Lease is first read when it could have
 * expired, once for all runs that name it. An expired or missing Lease is only a suspicion, because no client can renew
 * while the API server is down. A client is lost after a series of successful reads without a change, which spans at
 * least one renewal. A failed read, a change or a new leader restarts the series. This state may be lost at any time.
 */
import { parseLease, type Lease } from "../../kube/lease.ts";
import type { AgentKey, Run } from "../domain.ts";
import { isFinished } from "../../crds/finished.ts";
import type { Log } from "../log.ts";
import { object } from "./paths.ts";
import type { Transport } from "./transport.ts";

/** Time to wait for a Lease that does not exist, or was deleted. */
const missingGraceMs = 60_000;
/** An expired Lease is read for a third of its duration, the interval of its renewals, within these bounds. */
const confirmation = { leastMs: 30_000, mostMs: 600_000 };
/** Reads that confirm a suspicion, at equal intervals: an outage between two of them is shorter than a renewal. */
const confirmingReads = 6;
/** Duration of a Lease without a valid one. */
const defaultDurationMs = 60_000;
/** The API server's clock is known to the second, and a renewal takes some time. */
const slackMs = 2_000;
/** Delay after a failed read. */
const retryMs = 10_000;
/** A longer read counts as failed, because the API server may have been down meanwhile. */
const readTimeoutMs = 5_000;
/** The limit of timers; after it the Lease is read too early, which is harmless. */
const longestTimerMs = 2 ** 31 - 1;

export interface ClientLeasesOptions {
  readonly transport: Pick<Transport, "request" | "now">;
  /** Called with the agent of a run whose client was found lost. */
  readonly enqueue: (agent: AgentKey) => void;
  readonly log: Pick<Log, "warn">;
}

/** A run that names a Lease. */
interface NamedBy {
  readonly agent: AgentKey;
  /** Reads in a row that showed the suspicious Lease unchanged, the first included. */
  suspiciousReads: number;
  /** Why the client is lost, once it is. */
  lost?: string;
}

/** A Lease and its known state. */
interface Client {
  readonly namespace: string;
  readonly name: string;
  readonly runs: Map<string, NamedBy>;
  aliveUntilMs: number;
  /** The state in the last successful read, and the times of the first and last read of this state. */
  seen?: { readonly sign: string; readonly firstMs: number; readonly lastMs: number };
  isReading: boolean;
  timer?: NodeJS.Timeout;
}

/** Why a client may be lost, and how long reads must confirm it. */
interface Suspicion {
  readonly why: string;
  readonly confirmMs: number;
}

export class ClientLeases {
  readonly #options: ClientLeasesOptions;
  readonly #clients = new Map<string, Client>();
  /** The Leases that an agent's runs named at the last call, by the run's uid. */
  readonly #ofAgent = new Map<AgentKey, ReadonlyMap<string, string>>();

  constructor(options: ClientLeasesOptions) {
    this.#options = options;
  }

  /** Returns why the clients of an agent's runs are lost, by the run's uid. Follows all these runs from now on. */
  lost(agent: AgentKey, runs: readonly Run[]): ReadonlyMap<string, string> {
    const naming = runs.filter((run) => run.spec.clientLeaseName !== undefined && !isFinished(run));
    const keys = new Map(naming.map((run) => [run.uid, keyOf(run)]));
    for (const [uid, key] of this.#ofAgent.get(agent) ?? []) if (!keys.has(uid)) this.#forget(uid, key);
    if (keys.size === 0) this.#ofAgent.delete(agent);
    else this.#ofAgent.set(agent, keys);
    const lost = new Map<string, string>();
    for (const run of naming) {
      const why = this.#clientOf(run, agent).runs.get(run.uid)?.lost;
      if (why !== undefined) lost.set(run.uid, why);
    }
    return lost;
  }

  /** Stops reading and forgets everything. */
  stop(): void {
    for (const { timer } of this.#clients.values()) clearTimeout(timer);
    this.#clients.clear();
    this.#ofAgent.clear();
  }

  #clientOf(run: Run, agent: AgentKey): Client {
    const key = keyOf(run);
    const client = this.#clients.get(key) ?? newClient(run);
    this.#clients.set(key, client);
    if (client.runs.has(run.uid)) return client;
    client.runs.set(run.uid, { agent, suspiciousReads: 0 });
    if (client.aliveUntilMs <= this.#options.transport.now()) this.#readIn(client, 0);
    return client;
  }

  #forget(uid: string, key: string): void {
    const client = this.#clients.get(key);
    client?.runs.delete(uid);
    if (client?.runs.size !== 0) return;
    clearTimeout(client.timer);
    this.#clients.delete(key);
  }

  #readIn(client: Client, delayMs: number): void {
    clearTimeout(client.timer);
    client.timer = setTimeout(() => void this.#read(client), Math.min(delayMs, longestTimerMs));
  }

  async #read(client: Client): Promise<void> {
    if (client.isReading) return;
    client.isReading = true;
    // A run that is created during the request may be newer than the response.
    const asked = [...client.runs.values()];
    const againMs = await this.#judge(client, asked).catch((error: unknown) => {
      const { namespace, name: lease } = client;
      this.#options.log.warn({ namespace, lease, err: error }, "a client's Lease could not be read, trying again");
      for (const run of client.runs.values()) run.suspiciousReads = 0;
      return retryMs;
    });
    client.isReading = false;
    if (this.#clients.get(keyOf(client)) !== client) return;
    if (againMs !== undefined) this.#readIn(client, againMs);
  }

  /** Reads the Lease. Returns the milliseconds until the next read. */
  async #judge(client: Client, asked: readonly NamedBy[]): Promise<number | undefined> {
    const { transport } = this.#options;
    const read = await transport.request("GET", object("lease", client), { timeoutMs: readTimeoutMs });
    const lease = read === undefined ? undefined : parseLease(read);
    const nowMs = transport.now();
    const before = client.seen;
    const sign = signOf(lease);
    const isSame = before?.sign === sign;
    client.seen = { sign, firstMs: isSame ? before.firstMs : nowMs, lastMs: nowMs };
    if (!isSame) for (const run of client.runs.values()) run.suspiciousReads = 0;
    const suspicion = lease === undefined ? suspicionOfMissing(client) : this.#suspicionOf(client, lease, before);
    if (suspicion !== undefined) return this.#confirm(client, suspicion, asked);
    for (const run of client.runs.values()) {
      run.suspiciousReads = 0;
      delete run.lost;
    }
    return client.aliveUntilMs - nowMs;
  }

  /** Undefined while the Lease is valid. Earlier reads bound its times, because the client's clock can be wrong. */
  #suspicionOf(client: Client, lease: Lease, before: Client["seen"]): Suspicion | undefined {
    const { firstMs = 0, lastMs = 0 } = client.seen ?? {};
    const { durationMs = defaultDurationMs, renewedMs: writtenMs } = lease;
    const isChanged = before !== undefined && firstMs === lastMs;
    const atLeastMs = isChanged ? before.lastMs : -Infinity;
    const renewedMs = writtenMs === undefined ? firstMs : Math.min(Math.max(writtenMs, atLeastMs), firstMs);
    // A change that was seen proves that the client lived then.
    const knownMs = isChanged || before === undefined ? 0 : client.aliveUntilMs;
    client.aliveUntilMs = Math.max(renewedMs + durationMs + slackMs, knownMs);
    if (lastMs < client.aliveUntilMs) return undefined;
    const time = new Date(renewedMs).toISOString();
    const { leastMs, mostMs } = confirmation;
    return {
      why: `Lease ${client.name} expired: its client renewed it last at ${time}, for ${durationMs / 1000} s.`,
      confirmMs: Math.min(Math.max(durationMs / 3, leastMs), mostMs),
    };
  }

  /** Counts a suspicious read. Runs with a complete series have lost their client. */
  #confirm(client: Client, { why, confirmMs }: Suspicion, asked: readonly NamedBy[]): number | undefined {
    const agents = new Set<AgentKey>();
    for (const run of asked) {
      if (run.lost !== undefined) continue;
      run.suspiciousReads += 1;
      if (run.suspiciousReads <= confirmingReads) continue;
      run.lost = why;
      agents.add(run.agent);
    }
    for (const agent of agents) this.#options.enqueue(agent);
    const isOpen = [...client.runs.values()].some((run) => run.lost === undefined);
    return isOpen ? confirmMs / confirmingReads : undefined;
  }
}

function suspicionOfMissing(client: Client): Suspicion {
  client.aliveUntilMs = 0;
  const waited = `waited ${missingGraceMs / 1000} s`;
  const why = `Lease ${client.name} does not exist (${waited}): its client never made it, or deleted it.`;
  return { why, confirmMs: missingGraceMs };
}

function newClient({ namespace, spec }: Run): Client {
  const name = spec.clientLeaseName ?? "";
  return { namespace, name, runs: new Map(), aliveUntilMs: 0, isReading: false };
}

/** Changes with each renewal, by any holder, and if the Lease is deleted and created again. */
function signOf(lease: Lease | undefined): string {
  if (lease === undefined) return "missing";
  const { uid, resourceVersion, renewTime, holder } = lease;
  return [uid, resourceVersion, renewTime, holder].join(" ");
}

function keyOf(client: Run | Client): string {
  const name = "spec" in client ? (client.spec.clientLeaseName ?? "") : client.name;
  return `${client.namespace}/${name}`;
}
