/** Replicas that contend over HTTP for a Lease on a server that replaces only what was seen. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseKubeconfig } from "../../kube/access.ts";
import { eventually } from "../../test/eventually.ts";
import { Election } from "../election.ts";
import { KubernetesLease } from "./lease.ts";
import { Transport } from "./transport.ts";
import { ApiServer } from "../../kube/testing/api-server.ts";
import { recordingLog } from "../testing/recording-log.ts";

/** Longer than any test. */
const foreverMs = 600_000;

let server: ApiServer;
let isAway: boolean;
const replicas: Replica[] = [];

beforeEach(async () => {
  server = await new ApiServer({ namespace: "system" }).listen();
  isAway = false;
  server.fault = ({ target }) => (isAway && target.resource === "leases" ? { kind: "reject", code: 503 } : undefined);
});

afterEach(async () => {
  await Promise.all(replicas.splice(0).map((replica) => replica.election.stop()));
  await server.close();
});

interface Replica {
  readonly election: Election;
  /** Its calls of `gained` and `lost`, in order. */
  readonly told: string[];
}

interface Times {
  readonly leaseMs?: number;
  readonly renewDeadlineMs?: number;
}

function contend(identity: string, { leaseMs = foreverMs, renewDeadlineMs = foreverMs }: Times = {}): Replica {
  const transport = new Transport(parseKubeconfig(server.kubeconfig()), { userAgent: "test" });
  const { log } = recordingLog();
  const lock = new KubernetesLease({ transport, log, namespace: "system", name: "operator" });
  const election = new Election({ lock, identity, log, leaseMs, renewDeadlineMs, retryMs: 20 });
  const told: string[] = [];
  election.start({ gained: () => told.push("gained"), lost: () => told.push("lost") });
  const replica = { election, told };
  replicas.push(replica);
  return replica;
}

function spec(): Record<string, unknown> {
  return (server.get("leases", "operator")?.["spec"] ?? {}) as Record<string, unknown>;
}

/** The Lease as another wrote it, by its own clock. */
function heldBy(holderIdentity: string, renewTime: string): void {
  const lease = { leaseDurationSeconds: 15, leaseTransitions: 4, acquireTime: renewTime, renewTime, holderIdentity };
  server.put("leases", { metadata: { name: "operator" }, spec: lease });
}

const renewals = (): number => server.requests.filter(({ method }) => method === "PUT").length;

describe("of several replicas", () => {
  test("one leads, and renews; when it stops the other takes over without waiting for the Lease to expire", async () => {
    const a = contend("a");
    await eventually("a leads", () => a.election.isHeld);
    const b = contend("b");
    await eventually("b watches", () => server.openWatches === 2);
    const before = renewals();
    await eventually("a renews", () => renewals() > before + 2);
    expect([a.told, b.told]).toEqual([["gained"], []]);
    expect(spec()).toMatchObject({ holderIdentity: "a", leaseTransitions: 0 });
    await a.election.stop();
    await eventually("b leads", () => b.election.isHeld);
    expect(spec()).toMatchObject({ holderIdentity: "b", leaseTransitions: 1 });
    expect(a.election.isHeld).toBe(false);
  });

  test("one that starts at the same moment loses the race and stands by", async () => {
    const all = ["a", "b", "c"].map((identity) => contend(identity));
    await eventually("one leads", () => all.some(({ election }) => election.isHeld));
    await eventually("all watch", () => server.openWatches === 3);
    const before = renewals();
    await eventually("it is renewed", () => renewals() > before + 2);
    expect(all.map(({ told }) => told.join()).toSorted()).toEqual(["", "", "gained"]);
  });

  test("one that finds its own name in the Lease, as after a restart in its pod, has it back at once", async () => {
    heldBy("a", "2026-01-01T00:00:00.000000Z");
    const a = contend("a");
    await eventually("a leads", () => a.election.isHeld);
    expect(spec()).toMatchObject({ leaseTransitions: 4, acquireTime: "2026-01-01T00:00:00.000000Z" });
  });
});

describe("a Lease of another that renews no more", () => {
  test.each([
    ["five minutes behind", -300_000],
    ["five minutes ahead", 300_000],
  ])("is taken once it was seen unchanged for its duration, though its clock is %s", async (_, offMs) => {
    heldBy("dead", new Date(Date.now() + offMs).toISOString());
    const beganMs = performance.now();
    const a = contend("a", { leaseMs: 600 });
    await eventually("a leads", () => a.election.isHeld);
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(600);
    expect(spec()).toMatchObject({ holderIdentity: "a", leaseTransitions: 5 });
  });

  test("is not kept alive by changes that are no renewals", async () => {
    heldBy("dead", "2026-01-01T00:00:00.000000Z");
    const a = contend("a", { leaseMs: 600 });
    await eventually("a leads", () => {
      const lease = server.get("leases", "operator");
      if (spec()["holderIdentity"] === "dead" && lease !== undefined) server.put("leases", lease);
      return a.election.isHeld;
    });
  });
});

describe("the leader", () => {
  test("stands by when it cannot renew in time, and leads again when it can", async () => {
    const a = contend("a", { renewDeadlineMs: 500 });
    await eventually("a leads", () => a.election.isHeld);
    isAway = true;
    await eventually("a has stepped back", () => a.told.includes("lost"));
    expect(a.election.isHeld).toBe(false);
    isAway = false;
    await eventually("a leads again", () => a.told.join() === "gained,lost,gained");
  });

  test("stands by at once when another has taken the Lease", async () => {
    const a = contend("a");
    await eventually("a leads", () => a.election.isHeld);
    heldBy("thief", "2026-01-01T00:00:00.000000Z");
    await eventually("a has stepped back", () => a.told.join() === "gained,lost");
    await a.election.stop();
    expect(spec()).toMatchObject({ holderIdentity: "thief" });
  });

  test("continues after a user changed the Lease without taking it, or deleted it", async () => {
    const a = contend("a");
    await eventually("a leads", () => a.election.isHeld);
    const lease = server.get("leases", "operator");
    if (lease !== undefined) {
      server.put("leases", { ...lease, metadata: { ...lease.metadata, annotations: { note: "seen" } } });
    }
    let before = renewals();
    await eventually("a renews", () => renewals() > before + 2);
    server.remove("leases", "operator");
    before = renewals();
    await eventually("a renews a new one", () => renewals() > before + 2 && spec()["holderIdentity"] === "a");
    expect(a.told).toEqual(["gained"]);
  });
});
