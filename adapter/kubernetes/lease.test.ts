/** The server's Lease and the garbage collection of dead servers' runs, against an API server in this process. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ClaudeRunApi } from "../../client/testing/claude-run-api.ts";
import { allowedKubeconfig } from "../testing/kubeconfigs.ts";
import { operate } from "../../client/testing/operated-run.ts";
import { startRun } from "../testing/start-run.ts";
import type { Connection } from "../../kube/connection.ts";
import { ClientLease } from "./lease.ts";
import { AdapterState } from "../adapter-state.ts";
import { collectGarbage } from "./garbage-collection.ts";

/** For a busy machine. */
const deadline = { timeout: 60_000 };

let api: ClaudeRunApi;
let state: AdapterState;
let connection: Connection;
beforeEach(async () => {
  api = await new ClaudeRunApi().listen();
  state = new AdapterState();
  connection = state.connections.get(allowedKubeconfig(api.kubeconfigFile()));
});
afterEach(() => api.close());

function renewTime(): string {
  return (api.get("leases", state.leaseName)?.["spec"] as { renewTime: string } | undefined)?.renewTime ?? "";
}

describe("the Lease of this process", () => {
  it("is made before the first run, names the run's client, and is renewed while the process lives", async () => {
    const lease = await ClientLease.create(connection, { namespace: "agents", name: state.leaseName }, 20);
    expect(api.get("leases", state.leaseName)?.["spec"]).toMatchObject({
      holderIdentity: state.leaseName,
      leaseDurationSeconds: 60,
    });
    const made = renewTime();
    await expect.poll(() => renewTime() > made, deadline).toBe(true);
    lease.stop();
    operate(api, (run) => run.succeeds());
    await startRun(api, {}, state).result;
    expect(api.runs.map(({ spec }) => spec.clientLeaseName)).toEqual([state.leaseName]);
    const verbs = api.requests.map(({ verb }) => verb);
    expect(verbs.indexOf("create leases")).toBeLessThan(verbs.indexOf("create clauderuns"));
  });

  it("is renewed after errors, and created again after a user deleted it", async () => {
    const lease = await ClientLease.create(connection, { namespace: "agents", name: state.leaseName }, 20);
    let refusals = 3;
    api.fault = ({ verb }) => (verb === "patch leases" && refusals-- > 0 ? { kind: "reject", code: 500 } : undefined);
    const made = renewTime();
    await expect.poll(() => renewTime() > made, deadline).toBe(true);
    api.remove("leases", state.leaseName);
    await expect.poll(() => api.get("leases", state.leaseName), deadline).toBeDefined();
    lease.stop();
  });

  it("taken for granted if its own creation's answer was lost", async () => {
    let met = false;
    api.fault = ({ verb }) => {
      if (verb !== "create leases" || met) return undefined;
      met = true;
      return { kind: "reset", done: true };
    };
    const lease = await ClientLease.create(connection, { namespace: "agents", name: state.leaseName }, 1_000);
    expect(api.count("create leases")).toBe(2);
    lease.stop();
  });
});

/** A run of a server whose Lease has this name. */
function left(name: string, clientLeaseName: string, status: object = { phase: "Running" }): void {
  api.put("clauderuns", {
    metadata: { name, labels: { "paperclip.io/adapter-type": "claude_k8s", "paperclip.io/client-secrets": "1" } },
    spec: {
      clientLeaseName,
      pod: { env: [{ name: "KEY", valueFrom: { secretKeyRef: { name, key: "env.KEY" } } }] },
      credentialsSecretName: "anthropic",
    },
    status,
  });
  api.put("secrets", { metadata: { name } });
}

describe("garbage collection at a server's start", () => {
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
    left("ours", state.leaseName);
    left("over", "dead", over);
    api.put("secrets", { metadata: { name: "anthropic" } });
    expect((await collectGarbage(state, connection, "agents", { confirmMs: 0 })).toSorted()).toEqual([
      "gone",
      "newer",
      "newest",
      "old",
      "ours",
    ]);
    const cancelled = api.runs
      .filter(({ spec }) => spec.cancel && spec.cancelReason !== undefined)
      .map(({ metadata, spec }) => [metadata.name, spec.cancelReason]);
    expect(cancelled.toSorted()).toEqual([
      ["gone", "its client's Lease no-such-lease is missing or expired"],
      ...["newer", "newest", "old"].map((name) => [name, "its client's Lease dead is missing or expired"]),
      // Its Lease is this process's own, and nothing here follows it.
      ["ours", "its client no longer follows it"],
    ]);
    // Finished runs lose only their own Secrets.
    expect(api.get("secrets", "over")).toBeUndefined();
    for (const name of ["anthropic", "old", "theirs"]) expect(api.get("secrets", name)).toBeDefined();
  });

  it("leaves a server alone whose Lease expired while the API server was away, and that renews in the next half minute", async () => {
    const lease = { metadata: { name: "back" }, spec: { renewTime: minutesAgo(5), leaseDurationSeconds: 60 } };
    api.put("leases", lease);
    left("theirs", "back");
    left("gone", "no-such-lease");
    let reads = 0;
    api.fault = ({ verb, path }) => {
      if (verb === "get leases" && path.endsWith("/back")) reads += 1;
      // Its clock is behind by more than the Lease lasts: what counts is that it renews.
      if (reads === 2) api.put("leases", { ...lease, spec: { ...lease.spec, renewTime: minutesAgo(4) } });
      return undefined;
    };
    expect(await collectGarbage(state, connection, "agents", { confirmMs: 0 })).toEqual(["gone"]);
    expect(reads).toBe(2);
  });

  it("asks in pages, for what is unfinished or marked, and deletes no Secret twice", async () => {
    api.put("leases", { metadata: { name: "dead" }, spec: { renewTime: minutesAgo(5), leaseDurationSeconds: 60 } });
    for (let n = 0; n < 130; n++) left(`over-${n}`, "dead", over);
    for (let n = 0; n < 45; n++) left(`running-${n}`, "dead");
    expect(await collectGarbage(state, connection, "agents", { confirmMs: 0 })).toHaveLength(45);
    expect(api.all("secrets")).toHaveLength(45);
    expect(api.count("delete secrets")).toBe(130);
    const lists = api.requests.filter(({ verb }) => verb === "list clauderuns");
    expect(Math.max(...lists.map(({ query }) => Number(query.get("limit"))))).toBeLessThanOrEqual(20);
    expect(lists.filter(({ query }) => !query.has("fieldSelector"))).toEqual([]);
    await collectGarbage(state, connection, "agents", { confirmMs: 0 });
    expect(api.count("delete secrets"), "nothing is left to delete").toBe(130);
  });

  it("goes on where it ended, so that runs that live hide none, and begins again where the place is too old", async () => {
    api.put("leases", { metadata: { name: "dead" }, spec: { renewTime: minutesAgo(5), leaseDurationSeconds: 60 } });
    api.put("leases", { metadata: { name: "alive" }, spec: { renewTime: minutesAgo(0), leaseDurationSeconds: 60 } });
    for (let n = 0; n < 40; n++) left(`lives-${n}`, "alive");
    left("one", "dead");
    const options = { confirmMs: 0, maxPages: 1, pageTokens: new Map<string, string>() };
    const cancelled = async (): Promise<string[]> => collectGarbage(state, connection, "agents", options);
    expect([await cancelled(), await cancelled(), await cancelled()]).toEqual([[], [], ["one"]]);
    await cancelled();
    left("two", "dead");
    let refused = 0;
    api.fault = ({ query }) => (query.has("continue") && refused++ === 0 ? { kind: "reject", code: 410 } : undefined);
    expect(await collectGarbage(state, connection, "agents", { ...options, maxPages: 9 })).toEqual(["two"]);
    expect(refused).toBeGreaterThan(0);
    api.heal();
  });

  it("runs once in a namespace, in the background, and does not delay the first run", async () => {
    let listed: (() => void) | undefined;
    api.fault = ({ verb }) => {
      if (verb === "list clauderuns") listed?.();
      return verb === "list clauderuns" ? { kind: "hang" } : undefined;
    };
    const asked = new Promise<void>((resolve) => (listed = resolve));
    operate(api, (run) => run.succeeds());
    const results = [await startRun(api, {}, state).result, await startRun(api, {}, state).result];
    await asked;
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(api.count("list clauderuns")).toBe(1);
    api.heal();
  });
});
