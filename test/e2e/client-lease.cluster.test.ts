/** clientLeaseName: a client that renews its Lease no more takes its runs with it, wherever they are. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Stage, verdict } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("client-lease");
});
afterAll(() => stage.close());

const renewedNow = (): string => new Date().toISOString().replace("Z", "000Z");

async function makeLease(name: string, spec: object): Promise<void> {
  await stage.create({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name, namespace: stage.namespace },
    spec,
  });
}

async function renew(name: string): Promise<void> {
  await stage.kubectl(
    "patch",
    "lease",
    name,
    "--type=merge",
    "-p",
    JSON.stringify({ spec: { renewTime: renewedNow() } }),
  );
}

it("ends what waits and what runs when its Lease expires, and spares the runs of a client that lives", async () => {
  await makeLease("gone", { holderIdentity: "server-1", renewTime: renewedNow(), leaseDurationSeconds: 15 });
  await makeLease("alive", { holderIdentity: "server-2", renewTime: renewedNow(), leaseDurationSeconds: 15 });
  const hang = [{ hang: true }];
  // Both live until everything is under way, however long a busy machine takes.
  let living = ["gone", "alive"];
  const beat = setInterval(() => void Promise.all(living.map((name) => renew(name))), 5_000);
  try {
    await stage.create(
      stage.run("runs", hang, { agent: "one", clientLeaseName: "gone" }),
      stage.run("spared", hang, { agent: "two", clientLeaseName: "alive" }),
      stage.run("pending", hang, {
        agent: "three",
        clientLeaseName: "gone",
        pod: { image: "localhost/no/such:image" },
      }),
    );
    await Promise.all([stage.shows("runs", "Running"), stage.shows("spared", "Running")]);
    await stage.create(
      stage.run("waits", hang, { agent: "one", clientLeaseName: "gone" }),
      stage.run("asleep", hang, { agent: "four", suspend: true, clientLeaseName: "gone" }),
    );
    living = ["alive"];
    const ended = await Promise.all(["runs", "pending", "waits", "asleep"].map((name) => stage.ended(name)));
    for (const run of ended) {
      expect(run.status?.phase, run.metadata.name).toBe("Cancelled");
      expect(verdict(run), run.metadata.name).toMatchObject({
        reason: "ClientLost",
        message: expect.stringMatching(/^Lease gone expired: .* for 15 s\.$/) as string,
      });
    }
    // What ran was stopped, not deleted: its log is there.
    const [runs] = ended;
    expect(await stage.kubectl("logs", runs?.status?.pod?.name ?? "")).toContain('"type":"runner"');
    expect((await stage.get("spared")).status?.phase).toBe("Running");
  } finally {
    clearInterval(beat);
  }
});
