import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { agentKey, type AgentKey, type Run } from "../domain.ts";
import { ClusterError } from "../errors.ts";
import { aFinishedRun, aRun } from "../testing/builders.ts";
import { ClientLeases } from "./client-leases.ts";

const startMs = Date.parse("2026-01-01T12:00:00Z");
const agent = agentKey("team", "reviewer");

/** What the API server would answer, and how often it was asked. */
class Leases {
  readonly stored = new Map<string, unknown>();
  readonly reads: string[] = [];
  failure: Error | undefined;
  #version = 0;

  request = (_: string, path: string): Promise<unknown> => {
    this.reads.push(path.split("/").slice(-3).join("/"));
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
let woken: AgentKey[];
let warned: string[];

beforeEach(() => {
  vi.useFakeTimers({ now: startMs });
  leases = new Leases();
  woken = [];
  warned = [];
  const log = { warn: (_: unknown, message: string) => warned.push(message) };
  clients = new ClientLeases({ transport: leases, wake: (key) => woken.push(key), log: log as never });
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
    expect(woken).toEqual([]);
  });

  it("that were renewed no more end the runs that name them, and wake their agents once", async () => {
    leases.renew("web");
    leases.renew("api", { renewTime: new Date(startMs).toISOString(), leaseDurationSeconds: 3600 });
    const [a, b] = [named("a"), named("b", "api")];
    expect(clients.lost(agent, [a, b])).toEqual(new Map());
    await seconds(31);
    expect(woken).toEqual([]);
    await seconds(2);
    expect(woken).toEqual([agent]);
    expect([...clients.lost(agent, [a, b])]).toEqual([
      [a.uid, "Lease web expired: its client renewed it last at 2026-01-01T12:00:00.000Z, for 30 s."],
    ]);
    await seconds(600);
    expect(leases.reads).toHaveLength(3);
  });

  it("that do not exist are waited for for a minute", async () => {
    const a = named("a");
    clients.lost(agent, [a]);
    await seconds(30);
    leases.renew("web", { renewTime: new Date().toISOString(), leaseDurationSeconds: 45 });
    await seconds(40);
    leases.stored.clear();
    await seconds(30);
    expect(clients.lost(agent, [a]).size).toBe(0);
    await seconds(60);
    expect(clients.lost(agent, [a]).get(a.uid)).toContain("Lease web does not exist (waited 60 s)");
  });

  it("do not end a run that came after the client was back", async () => {
    leases.renew("web");
    const old = named("old");
    clients.lost(agent, [old]);
    await seconds(60);
    expect(clients.lost(agent, [old]).size).toBe(1);
    leases.renew("web");
    const fresh = named("fresh");
    expect(clients.lost(agent, [old, fresh]).has(fresh.uid)).toBe(false);
    await seconds(1);
    expect(clients.lost(agent, [old, fresh]).has(fresh.uid)).toBe(false);
  });

  it.each<[string, object, number]>([
    ["no spec at all is valid for a minute from its creation", {}, 62],
    ["no duration is valid for a minute", { renewTime: new Date(startMs).toISOString() }, 62],
    [
      "a renewal in the future counts from when it was seen",
      { renewTime: "2026-01-01T14:00:00Z", leaseDurationSeconds: 30 },
      32,
    ],
    ["a renewal that is no time counts from when it was seen", { renewTime: "soon", leaseDurationSeconds: 30 }, 32],
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

  it("are forgotten with the last run that names them", async () => {
    leases.renew("web");
    clients.lost(agent, [named("a")]);
    await seconds(1);
    clients.lost(agent, []);
    await seconds(600);
    expect(leases.reads).toHaveLength(1);
  });
});
