/** The API server is frozen for 90 s: longer than a client's Lease lasts, and no client can renew its Lease meanwhile. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { ConnectionCache } from "../../adapter/kubernetes/connections.ts";
import { ClientLease, newLeaseName } from "../../adapter/kubernetes/lease.ts";
import { frozen } from "../faults/environment-faults.ts";
import { Stage, verdict } from "./stage.ts";

const leaseName = newLeaseName();
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("api-server-away");
});
afterAll(() => stage.close());

async function renewedMs(): Promise<number> {
  const renewTime = await stage.kubectl("get", "lease", leaseName, "-o", "jsonpath={.spec.renewTime}").catch(() => "");
  return Date.parse(renewTime);
}

it("costs a client that lives none of its runs; one that dies afterwards is found", { timeout: 600_000 }, async () => {
  // The adapter's own renewals: every 20 s for 60 s, tried again after 5 s.
  const client = await ClientLease.create(new ConnectionCache().get(undefined), {
    namespace: stage.namespace,
    name: leaseName,
  });
  await stage.create(
    stage.run("runs", [{ hang: true }], { agent: "one", clientLeaseName: leaseName }),
    stage.run("sleeps", [{ hang: true }], { agent: "two", clientLeaseName: leaseName, suspend: true }),
  );
  await Promise.all([stage.shows("runs", "Running"), stage.shows("sleeps", "Suspended")]);

  const frozenMs = Date.now();
  await frozen("kube-apiserver", 90);
  const backMs = Date.now();
  expect(backMs - frozenMs).toBeGreaterThan(80_000);
  // Three renewals later any suspicion has come to its end, right or wrong.
  await stage.until("the client has renewed for a minute", async () => (await renewedMs()) > backMs + 60_000, 180);
  for (const name of ["runs", "sleeps"]) {
    const run = await stage.get(name);
    expect(run.status?.phase, name).toBe(name === "runs" ? "Running" : "Queued");
    expect(run.status?.completionTime, name).toBeUndefined();
  }

  client.stop();
  for (const name of ["runs", "sleeps"]) expect(verdict(await stage.ended(name)).reason, name).toBe("ClientLost");
});
