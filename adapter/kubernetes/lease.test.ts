/** The server's Lease, and the sweep of what a dead server has left: against an API server in this process. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TestApi } from "../testing/api-server.ts";
import { operate } from "../testing/operator.ts";
import { play } from "../testing/play.ts";
import { connectionFor } from "./connections.ts";
import type { Connection } from "./connection.ts";
import { ClientLease, leaseName } from "./lease.ts";
import { sweep } from "./sweep.ts";

/** For a busy machine. */
const patience = { timeout: 20_000 };

let api: TestApi;
let connection: Connection;
beforeEach(async () => {
  api = await new TestApi().listen();
  connection = connectionFor(api.kubeconfig());
});
afterEach(() => api.close());

function renewTime(): string {
  return (api.get("leases", leaseName)?.["spec"] as { renewTime: string } | undefined)?.renewTime ?? "";
}

describe("the Lease of this process", () => {
  it("is made before the first run, names the run's client, and is renewed while the process lives", async () => {
    const lease = await ClientLease.make(connection, "agents", 20);
    expect(api.get("leases", leaseName)?.["spec"]).toMatchObject({
      holderIdentity: leaseName,
      leaseDurationSeconds: 60,
    });
    const made = renewTime();
    await expect.poll(() => renewTime() > made, patience).toBe(true);
    lease.stop();
    operate(api, (run) => run.succeeds());
    await play(api).result;
    expect(api.runs.map(({ spec }) => spec.clientLeaseName)).toEqual([leaseName]);
    const verbs = api.asked.map(({ verb }) => verb);
    expect(verbs.indexOf("create leases")).toBeLessThan(verbs.indexOf("create clauderuns"));
  });

  it("is renewed after errors, and made again if somebody has deleted it", async () => {
    const lease = await ClientLease.make(connection, "agents", 20);
    let refusals = 3;
    api.fault = ({ verb }) => (verb === "patch leases" && refusals-- > 0 ? { kind: "refuse", code: 500 } : undefined);
    const made = renewTime();
    await expect.poll(() => renewTime() > made, patience).toBe(true);
    api.remove("leases", leaseName);
    await expect.poll(() => api.get("leases", leaseName), patience).toBeDefined();
    lease.stop();
  });

  it("taken for granted if its own creation's answer was lost", async () => {
    let met = false;
    api.fault = ({ verb }) => {
      if (verb !== "create leases" || met) return undefined;
      met = true;
      return { kind: "reset", done: true };
    };
    const lease = await ClientLease.make(connection, "agents", 1_000);
    expect(api.count("create leases")).toBe(2);
    lease.stop();
  });
});

/** A run of a server whose Lease has this name. */
function left(name: string, clientLeaseName: string, status: object = { phase: "Running" }): void {
  api.put("clauderuns", {
    metadata: { name, labels: { "paperclip.io/adapter-type": "claude_k8s" } },
    spec: {
      clientLeaseName,
      pod: { env: [{ name: "KEY", valueFrom: { secretKeyRef: { name, key: "env.KEY" } } }] },
      credentialsSecretName: "anthropic",
    },
    status,
  });
  api.put("secrets", { metadata: { name } });
}

describe("the sweep at a server's start", () => {
  const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
  const over = { phase: "Succeeded", completionTime: "2026-11-22T20:00:00Z" };

  it("case 31: cancels every run of a dead server, not just the newest; a living server's are left alone", async () => {
    api.put("leases", { metadata: { name: "dead" }, spec: { renewTime: minutesAgo(5), leaseDurationSeconds: 60 } });
    api.put("leases", { metadata: { name: "alive" }, spec: { renewTime: minutesAgo(0), leaseDurationSeconds: 60 } });
    api.put("leases", { metadata: { name: "late" }, spec: { renewTime: minutesAgo(1.5), leaseDurationSeconds: 60 } });
    for (const name of ["old", "newer", "newest"]) left(name, "dead");
    left("gone", "no-such-lease");
    left("theirs", "alive");
    left("perhaps", "late");
    left("ours", leaseName);
    left("over", "dead", over);
    api.put("secrets", { metadata: { name: "anthropic" } });
    expect((await sweep(connection, "agents")).toSorted()).toEqual(["gone", "newer", "newest", "old"]);
    const cancelled = api.runs
      .filter(({ spec }) => spec.cancel)
      .map(({ metadata, spec }) => [metadata.name, spec.cancelReason]);
    expect(cancelled.toSorted()).toEqual([
      ["gone", "its client no-such-lease renews its Lease no more"],
      ...["newer", "newest", "old"].map((name) => [name, "its client dead renews its Lease no more"]),
    ]);
    // Of what has ended only the Secret is left to go, and only the run's own.
    expect(api.get("secrets", "over")).toBeUndefined();
    for (const name of ["anthropic", "old", "theirs"]) expect(api.get("secrets", name)).toBeDefined();
  });

  it("runs once for a namespace, beside the first run, and does not hold it up", async () => {
    let listed: (() => void) | undefined;
    api.fault = ({ verb }) => {
      if (verb === "list clauderuns") listed?.();
      return verb === "list clauderuns" ? { kind: "hang" } : undefined;
    };
    const asked = new Promise<void>((resolve) => (listed = resolve));
    operate(api, (run) => run.succeeds());
    const results = [await play(api).result, await play(api).result];
    await asked;
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(api.count("list clauderuns")).toBe(1);
    api.heal();
  });
});
