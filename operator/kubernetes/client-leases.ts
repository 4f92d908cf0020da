/**
 * Watches over the clients of runs: each renews a Lease that its runs name. A Lease is read when it could have expired and
 * not before, once for all runs that name it; agents are woken only if it has. All of this is memory that may be lost: who
 * starts anew reads anew.
 */
import type { AgentKey, Run } from "../domain.ts";
import { isFinished } from "../domain.ts";
import type { Log } from "../log.ts";
import { object } from "./paths.ts";
import type { Transport } from "./transport.ts";

/** A Lease that does not exist is waited for so long, and so is one that vanished. */
const missingGraceMs = 60_000;
/** How long a Lease is valid that does not say so itself. */
const defaultDurationSeconds = 60;
/** The API server's clock is known to the second, and a renewal takes its time. */
const slackMs = 2_000;
/** After a failed read. */
const lookAgainMs = 10_000;

export interface ClientLeasesOptions {
  readonly transport: Pick<Transport, "request" | "now">;
  /** Called with the agent of a run whose client was found lost. */
  readonly wake: (agent: AgentKey) => void;
  readonly log: Pick<Log, "warn">;
}

interface NamedBy {
  readonly agent: AgentKey;
  readonly createdMs: number;
}

/** One Lease and what is known of it. */
interface Client {
  readonly namespace: string;
  readonly name: string;
  readonly runs: Map<string, NamedBy>;
  /** Why, of those runs whose client is lost. */
  lost: ReadonlyMap<string, string>;
  aliveUntilMs: number;
  missingSinceMs?: number;
  /** The version that was read last, and when first. */
  version?: { readonly resourceVersion: string; readonly sinceMs: number };
  isLooking: boolean;
  timer?: NodeJS.Timeout;
}

interface RawLease {
  readonly metadata?: { readonly resourceVersion?: string; readonly creationTimestamp?: string };
  readonly spec?: { readonly renewTime?: string; readonly leaseDurationSeconds?: number };
}

export class ClientLeases {
  readonly #options: ClientLeasesOptions;
  readonly #clients = new Map<string, Client>();
  /** Which Leases the runs of an agent named when they were looked at last, by the run's uid. */
  readonly #ofAgent = new Map<AgentKey, ReadonlyMap<string, string>>();

  constructor(options: ClientLeasesOptions) {
    this.#options = options;
  }

  /** Of an agent's runs those whose client is known to be lost, by uid, with why. From now on it is watched over them all. */
  lost(agent: AgentKey, runs: readonly Run[]): ReadonlyMap<string, string> {
    const naming = runs.filter((run) => run.spec.clientLeaseName !== undefined && !isFinished(run));
    const keys = new Map(naming.map((run) => [run.uid, keyOf(run)]));
    for (const [uid, key] of this.#ofAgent.get(agent) ?? []) if (!keys.has(uid)) this.#forget(uid, key);
    if (keys.size === 0) this.#ofAgent.delete(agent);
    else this.#ofAgent.set(agent, keys);
    const lost = new Map<string, string>();
    for (const run of naming) {
      const why = this.#clientOf(run, agent).lost.get(run.uid);
      if (why !== undefined) lost.set(run.uid, why);
    }
    return lost;
  }

  /** Looks no more. */
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
    client.runs.set(run.uid, { agent, createdMs: run.createdMs });
    if (client.aliveUntilMs <= this.#options.transport.now()) this.#lookIn(client, 0);
    return client;
  }

  #forget(uid: string, key: string): void {
    const client = this.#clients.get(key);
    client?.runs.delete(uid);
    if (client?.runs.size !== 0) return;
    clearTimeout(client.timer);
    this.#clients.delete(key);
  }

  #lookIn(client: Client, delayMs: number): void {
    clearTimeout(client.timer);
    // A timer holds 32 bits of milliseconds: whoever is too early finds out.
    client.timer = setTimeout(() => void this.#look(client), Math.min(delayMs, 2 ** 31 - 1));
  }

  async #look(client: Client): Promise<void> {
    if (client.isLooking) return;
    client.isLooking = true;
    // One that comes while the answer is under way may have been made after a renewal that the answer does not show.
    const asked = new Map(client.runs);
    const againMs = await this.#judge(client, asked).catch((error: unknown) => {
      const { namespace, name: lease } = client;
      this.#options.log.warn({ namespace, lease, err: error }, "a client's Lease could not be read, trying again");
      return lookAgainMs;
    });
    client.isLooking = false;
    if (client.runs.size === 0) return;
    const hasNew = [...client.runs.keys()].some((uid) => !asked.has(uid));
    if (hasNew && client.aliveUntilMs <= this.#options.transport.now()) this.#lookIn(client, 0);
    else if (againMs !== undefined) this.#lookIn(client, againMs);
  }

  /** Reads the Lease; returns in how many milliseconds it is worth another look. */
  async #judge(client: Client, asked: ReadonlyMap<string, NamedBy>): Promise<number | undefined> {
    const { transport } = this.#options;
    const lease = (await transport.request("GET", object("lease", client))) as RawLease | undefined;
    const nowMs = transport.now();
    return lease === undefined
      ? this.#judgeMissing(client, asked, nowMs)
      : this.#judgeFound(client, lease, asked, nowMs);
  }

  #judgeFound(client: Client, lease: RawLease, asked: ReadonlyMap<string, NamedBy>, nowMs: number): number | undefined {
    delete client.missingSinceMs;
    const resourceVersion = lease.metadata?.resourceVersion ?? "";
    if (client.version?.resourceVersion !== resourceVersion) client.version = { resourceVersion, sinceMs: nowMs };
    const seconds = lease.spec?.leaseDurationSeconds ?? defaultDurationSeconds;
    const saidMs = Date.parse(lease.spec?.renewTime ?? lease.metadata?.creationTimestamp ?? "");
    // A client whose clock is ahead renewed at the latest when its renewal was first seen.
    const renewedMs = Number.isNaN(saidMs) ? client.version.sinceMs : Math.min(saidMs, client.version.sinceMs);
    client.aliveUntilMs = renewedMs + seconds * 1000 + slackMs;
    if (nowMs < client.aliveUntilMs) {
      client.lost = new Map();
      return client.aliveUntilMs - nowMs;
    }
    const time = new Date(renewedMs).toISOString();
    const why = `Lease ${client.name} expired: its client renewed it last at ${time}, for ${seconds} s.`;
    this.#declareLost(client, new Map([...asked.keys()].map((uid) => [uid, why])));
    return undefined;
  }

  #judgeMissing(client: Client, asked: ReadonlyMap<string, NamedBy>, nowMs: number): number | undefined {
    client.missingSinceMs ??= nowMs;
    client.aliveUntilMs = 0;
    const since = client.missingSinceMs;
    const graceEnds = ({ createdMs }: NamedBy): number => Math.max(since, createdMs) + missingGraceMs;
    const why = `Lease ${client.name} does not exist (waited ${missingGraceMs / 1000} s): its client never made it, or deleted it.`;
    const over = [...asked].filter(([, run]) => graceEnds(run) <= nowMs);
    this.#declareLost(client, new Map(over.map(([uid]) => [uid, why])));
    const left = [...client.runs.values()].map((run) => graceEnds(run) - nowMs).filter((ms) => ms > 0);
    return left.length === 0 ? undefined : Math.min(...left);
  }

  #declareLost(client: Client, lost: ReadonlyMap<string, string>): void {
    client.lost = lost;
    const agents = new Set([...lost.keys()].map((uid) => client.runs.get(uid)?.agent));
    for (const agent of agents) if (agent !== undefined) this.#options.wake(agent);
  }
}

function newClient({ namespace, spec }: Run): Client {
  const name = spec.clientLeaseName ?? "";
  return { namespace, name, runs: new Map(), lost: new Map(), aliveUntilMs: 0, isLooking: false };
}

function keyOf({ namespace, spec }: Run): string {
  return `${namespace}/${spec.clientLeaseName ?? ""}`;
}
