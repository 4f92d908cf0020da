import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { agentKey, type AgentKey, type Run } from "../domain.ts";
import { ClusterError } from "../errors.ts";
import { aFinishedRun, aRun } from "../testing/builders.ts";
import { ClientLeases } from "./client-leases.ts";

const startMs = Date.parse("2026-01-01T12:00:00Z");
const agent = agentKey("team", "reviewer");
const renewedAtStart = { renewTime: new Date(startMs).toISOString() };

/** The API server's Leases, and the number of reads. */
class Leases {
  readonly stored = new Map<string, unknown>();
  readonly reads: string[] = [];
  failure: Error | undefined;
  /** No answer comes, and the transport ends the request in time. */
  isSilent = false;
  #version = 0;

  request = (_: string, path: string, { timeoutMs }: { readonly timeoutMs?: number } = {}): Promise<unknown> => {
    this.reads.push(path.split("/").slice(-3).join("/"));
    if (this.isSilent)
      return new Promise((_resolve, reject) => setTimeout(() => reject(new Error("no answer")), timeoutMs ?? 60_000));
    return this.failure === undefined ? Promise.resolve(this.stored.get(path)) : Promise.reject(this.failure);
  };
  now = (): number => Date.now();

  renew(name: string, spec: object = { renewTime: new Date().toISOString(), leaseDurationSeconds: 30 }): void {
    this.#version += 1;
    const metadata = { resourceVersion: String(this.#version), creationTimestamp: new Date(startMs).toISOString() };
    this.stored.set(`/apis/coordination.k8s.io/v1/namespaces/team/leases/${name}`, { metadata, spec });
  }
}

let leases: Leases;
let clients: ClientLeases;
let enqueued: AgentKey[];
let warned: string[];

beforeEach(() => {
  vi.useFakeTimers({ now: startMs });
  leases = new Leases();
  enqueued = [];
  warned = [];
  const log = { warn: (_: unknown, message: string) => warned.push(message) };
  clients = new ClientLeases({ transport: leases, enqueue: (key) => enqueued.push(key), log: log as never });
});
afterEach(() => {
  clients.stop();
  vi.useRealTimers();
});

/** A run that was created now. */
function named(name: string, lease = "web"): Run {
  return { ...aRun(name, { clientLeaseName: lease }), createdMs: Date.now() };
}
const seconds = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * 1000);

describe("the Leases of clients", () => {
  it("are not read for runs that name none, or that are over", async () => {
    clients.lost(agent, [aRun("a"), aFinishedRun("b", { clientLeaseName: "web" })]);
    await seconds(600);
    expect(leases.reads).toEqual([]);
  });

  it("are read once at first, and then only when they could have expired, however many runs name them", async () => {
    leases.renew("web");
    const runs = Array.from({ length: 100 }, (_, n) => named(`run-${n}`));
    for (const run of runs) clients.lost(`team/${run.name}`, [run]);
    await seconds(1);
    for (const run of runs) clients.lost(`team/${run.name}`, [run]);
    expect(leases.reads).toEqual(["team/leases/web"]);
    // Renewed every 10 s for 10 minutes: each read finds some 25 s left.
    for (let n = 0; n < 60; n += 1) {
      await seconds(10);
      leases.renew("web");
    }
    expect(leases.reads.length).toBeLessThan(32);
    expect(enqueued).toEqual([]);
  });

  it("that are renewed no more end the runs that name them 30 s after they expired, and wake their agents once", async () => {
    leases.renew("web");
    leases.renew("api", { renewTime: new Date(startMs).toISOString(), leaseDurationSeconds: 3600 });
    const [a, b] = [named("a"), named("b", "api")];
    expect(clients.lost(agent, [a, b])).toEqual(new Map());
    await seconds(61);
    expect(enqueued).toEqual([]);
    await seconds(2);
    expect(enqueued).toEqual([agent]);
    expect([...clients.lost(agent, [a, b])]).toEqual([
      [a.uid, "Lease web expired: its client renewed it last at 2026-01-01T12:00:00.000Z, for 30 s."],
    ]);
    await seconds(600);
    expect(leases.reads).toHaveLength(9);
  });

  it("that do not exist get a minute to appear", async () => {
    const a = named("a");
    clients.lost(agent, [a]);
    await seconds(30);
    leases.renew("web", { renewTime: new Date().toISOString(), leaseDurationSeconds: 45 });
    await seconds(40);
    leases.stored.clear();
    await seconds(60);
    expect(clients.lost(agent, [a]).size).toBe(0);
    await seconds(60);
    expect(clients.lost(agent, [a]).get(a.uid)).toContain("Lease web does not exist (waited 60 s)");
  });

  it("that are not answered for within five seconds count as not read", async () => {
    leases.isSilent = true;
    clients.lost(agent, [named("a")]);
    await seconds(4.9);
    expect(warned).toEqual([]);
    await seconds(0.2);
    expect(warned).toHaveLength(1);
  });

  it("do not end a run that came after the client was back", async () => {
    leases.renew("web");
    const old = named("old");
    clients.lost(agent, [old]);
    await seconds(65);
    expect(clients.lost(agent, [old]).size).toBe(1);
    leases.renew("web");
    const fresh = named("fresh");
    expect(clients.lost(agent, [old, fresh]).has(fresh.uid)).toBe(false);
    await seconds(1);
    expect(clients.lost(agent, [old, fresh]).has(fresh.uid)).toBe(false);
  });

  it.each<[string, object, number]>([
    ["no spec at all is valid for a minute from its creation", {}, 92],
    ["no duration is valid for a minute", { renewTime: new Date(startMs).toISOString() }, 92],
    ["a duration of 0 is valid for a minute", { ...renewedAtStart, leaseDurationSeconds: 0 }, 92],
    ["a negative duration is valid for a minute", { ...renewedAtStart, leaseDurationSeconds: -5 }, 92],
    [
      "a renewal long ago is watched for a renewal",
      { renewTime: "1970-01-01T00:00:00Z", leaseDurationSeconds: 30 },
      30,
    ],
    ["a long duration is watched for a third of it", { ...renewedAtStart, leaseDurationSeconds: 600 }, 802],
    [
      "a renewal in the future counts from when it was seen",
      { renewTime: "2026-01-01T14:00:00Z", leaseDurationSeconds: 30 },
      62,
    ],
    ["a renewal that is no time counts from when it was seen", { renewTime: "soon", leaseDurationSeconds: 30 }, 62],
  ])("with %s", async (_, spec, lostAfter) => {
    leases.renew("web", spec);
    const a = named("a");
    clients.lost(agent, [a]);
    await seconds(lostAfter - 1);
    expect(clients.lost(agent, [a]).size).toBe(0);
    await seconds(2);
    expect(clients.lost(agent, [a]).size).toBe(1);
  });

  it("that cannot be read end nothing, are reported, and read again", async () => {
    leases.failure = new ClusterError("503");
    const a = named("a");
    clients.lost(agent, [a]);
    await seconds(25);
    expect(clients.lost(agent, [a]).size).toBe(0);
    expect(warned).toHaveLength(3);
    leases.failure = undefined;
    leases.renew("web");
    await seconds(10);
    expect(leases.reads).toHaveLength(4);
  });

  it("of a huge duration are read no more", async () => {
    leases.renew("web", { ...renewedAtStart, leaseDurationSeconds: 2 ** 31 - 1 });
    clients.lost(agent, [named("a")]);
    await seconds(86_400);
    expect(leases.reads).toHaveLength(1);
  });

  it("of a client whose clock is an hour behind end nothing while it renews", async () => {
    const a = named("a");
    for (let renewals = 0; renewals < 60; renewals += 1) {
      leases.renew("web", { renewTime: new Date(Date.now() - 3_600_000).toISOString(), leaseDurationSeconds: 60 });
      expect(clients.lost(agent, [a]).size).toBe(0);
      await seconds(20);
    }
    expect(enqueued).toEqual([]);
    await seconds(120);
    expect(clients.lost(agent, [a]).size).toBe(1);
  });

  it("that were deleted and made again, or taken by another holder, are valid from then on", async () => {
    leases.renew("web");
    const a = named("a");
    clients.lost(agent, [a]);
    await seconds(45);
    leases.renew("web", { ...renewedAtStart, leaseDurationSeconds: 30, holderIdentity: "another" });
    await seconds(25);
    expect(clients.lost(agent, [a]).size).toBe(0);
    leases.stored.clear();
    await seconds(30);
    leases.renew("web");
    await seconds(60);
    expect(clients.lost(agent, [a]).size).toBe(0);
  });

  it("are forgotten with the last run that names them", async () => {
    leases.renew("web");
    clients.lost(agent, [named("a")]);
    await seconds(1);
    clients.lost(agent, []);
    await seconds(600);
    expect(leases.reads).toHaveLength(1);
  });
});

/** The adapter's Lease: 60 s, renewed every 20 s; a renewal that failed is tried again 5 s later. */
class LivingClient {
  isDead = false;
  readonly #timer: NodeJS.Timeout;

  constructor(everySeconds = 5) {
    this.#beat();
    this.#timer = setInterval(() => this.#beat(), everySeconds * 1000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    if (!this.isDead && leases.failure === undefined) {
      leases.renew("web", { renewTime: new Date().toISOString(), leaseDurationSeconds: 60 });
    }
  }
}

describe("an API server that is away", () => {
  const away = new ClusterError("no answer from the API server");

  /** From t+20 to t+110, as long as every Lease of 60 s needs to expire; the client renews at t+115. */
  async function outage(client: LivingClient, isOver?: () => void): Promise<void> {
    await seconds(20);
    leases.failure = away;
    client.isDead = true;
    await seconds(90);
    leases.failure = undefined;
    isOver?.();
    await seconds(5);
    client.isDead = false;
  }

  it.each([
    ["a leader that stayed", undefined],
    ["a new leader", () => clients.stop()],
  ])("costs no client its runs, with %s", async (_, isOver) => {
    const client = new LivingClient();
    const a = named("a");
    clients.lost(agent, [a]);
    await outage(client, () => {
      isOver?.();
      expect(clients.lost(agent, [a]).size).toBe(0);
    });
    for (let s = 0; s < 600; s += 1) {
      await seconds(1);
      expect(clients.lost(agent, [a]).size).toBe(0);
    }
    expect(enqueued).toEqual([]);
    client.stop();
  });

  it("at any moment and for any time costs a client that renews within 25 s none of its runs", async () => {
    for (const [beginsAt, lasts, renewsAfter] of [
      [1, 61, 25],
      [41, 75, 20],
      [62, 300, 25],
      [19, 1_000, 24],
    ] as const) {
      clients.stop();
      leases.failure = undefined;
      leases.renew("web", { renewTime: new Date().toISOString(), leaseDurationSeconds: 60 });
      const a = named("a");
      clients.lost(agent, [a]);
      await seconds(beginsAt);
      leases.failure = away;
      await seconds(lasts);
      leases.failure = undefined;
      await seconds(renewsAfter);
      leases.renew("web", { renewTime: new Date().toISOString(), leaseDurationSeconds: 60 });
      await seconds(60);
      expect(clients.lost(agent, [a]).size, `away at ${beginsAt} for ${lasts} s`).toBe(0);
    }
  });

  it("in the middle of a suspicion begins it again", async () => {
    const client = new LivingClient();
    const a = named("a");
    clients.lost(agent, [a]);
    client.isDead = true;
    await seconds(80);
    leases.failure = away;
    await seconds(10);
    leases.failure = undefined;
    await seconds(30);
    expect(clients.lost(agent, [a]).size).toBe(0);
    await seconds(10);
    expect(clients.lost(agent, [a]).size).toBe(1);
    client.stop();
  });

  it("lets a Lease that is missing be made in the minute after it is back", async () => {
    const a = named("a");
    clients.lost(agent, [a]);
    await seconds(5);
    leases.failure = away;
    await seconds(90);
    leases.failure = undefined;
    await seconds(55);
    expect(clients.lost(agent, [a]).size).toBe(0);
    leases.renew("web");
    await seconds(30);
    expect(clients.lost(agent, [a]).size).toBe(0);
  });

  it("delays the end of a client that died by no more than the time of its confirmation", async () => {
    const client = new LivingClient();
    const a = named("a");
    clients.lost(agent, [a]);
    await seconds(20);
    client.stop();
    leases.failure = away;
    await seconds(90);
    leases.failure = undefined;
    await seconds(29);
    expect(clients.lost(agent, [a]).size).toBe(0);
    await seconds(12);
    expect(clients.lost(agent, [a]).size).toBe(1);
  });
});

it("a client that dies is lost 92 to 93 s after its last renewal, for a Lease of 60 s", async () => {
  leases.renew("web", { renewTime: new Date().toISOString(), leaseDurationSeconds: 60 });
  const a = named("a");
  clients.lost(agent, [a]);
  await seconds(91.9);
  expect(clients.lost(agent, [a]).size).toBe(0);
  await seconds(1.1);
  expect(clients.lost(agent, [a]).size).toBe(1);
});
