/**
 * A node falls silent: what is said meanwhile, that the slot stays held, and both documented ways to release it. The node
 * is one of kwok's that stops giving signs of life; node controller, taint manager and pod collector are Kubernetes' own.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Client } from "../../bench/client.ts";
import { startFakeNode } from "../../bench/fake-node.ts";
import { fakeNode, lastsAnnotation } from "../../bench/objects.ts";
import type { Program } from "../../bench/programs.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { Stage, verdict } from "./stage.ts";

/** Set on the node that runs may go to: first the fake one, then the real one. */
const place = "claude-run.test/place";

let stage: Stage;
let client: Client;
let kwok: Program | undefined;
let realNode: string;
const directory = mkdtempSync(join(tmpdir(), "node-lost-"));
beforeAll(async () => {
  stage = await Stage.open("node-lost");
  await removeFakeNode();
  realNode = await kubectl(["get", "nodes", "-o", "jsonpath={.items[0].metadata.name}"]);
  client = await Client.open();
  kwok = await startFakeNode(client, directory);
  await kubectl(["label", "node", fakeNode, `${place}=here`]);
});
afterAll(async () => {
  await kwok?.stop();
  await removeFakeNode();
  await kubectl(["label", "node", realNode, `${place}-`]);
  await stage.close();
  rmSync(directory, { recursive: true });
});

/** Also one that an interrupted try left behind. */
async function removeFakeNode(): Promise<void> {
  await kubectl(["delete", "node", fakeNode, "--ignore-not-found"]);
}

const unreachable = { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" } as const;
const onFakeNode = { key: fakeNode, operator: "Exists", effect: "NoSchedule" } as const;
const pod = {
  nodeSelector: { [place]: "here" },
  annotations: { [lastsAnnotation]: "24h" },
};

it("a node that falls silent holds the slot until it is released, and its runs end as NodeLost or go on", async () => {
  const leaves = { ...pod, tolerations: [onFakeNode, { ...unreachable, tolerationSeconds: 1 }] };
  const stays = { ...pod, tolerations: [{ operator: "Exists" as const }] };
  await stage.create(
    stage.run("asked-to-leave", [{ text: "on another node" }], { pod: leaves, disruptionRetries: 1 }),
    stage.run("stays", [{ text: "never" }], { pod: stays }),
  );
  await stage.shows("asked-to-leave", "Running");
  await stage.shows("stays", "Running");
  await stage.create(stage.run("heir", [{ text: "my turn" }], { agent: "stays" }));
  await kwok?.stop();

  const silent = await stage.shows("stays", "NodeNotReady", 150);
  expect(silent.status?.phase).toBe("Running");
  expect(verdict(silent).message).toMatch(
    new RegExp(`Node ${fakeNode} has not been ready since .*kubectl delete node`, "u"),
  );
  const waiting = await stage.shows("heir", "PreviousPodNotConfirmed");
  expect(verdict(waiting).message).toMatch(
    new RegExp(`Pod ${silent.status?.pod?.name ?? "?"} of run stays \\(${fakeNode}\\)`, "u"),
  );
  await stage.until("Kubernetes asks the other pod to end", async () =>
    (await stage.pods("asked-to-leave")).some(({ metadata }) => metadata.deletionTimestamp !== undefined),
  );
  const [asked] = await stage.pods("asked-to-leave");
  await stage.kubectl("delete", "pod", asked?.metadata.name ?? "", "--force", "--grace-period=0", "--wait=false");
  expect((await stage.get("asked-to-leave")).status).toMatchObject({ phase: "Running", attempt: 1 });

  await kubectl(["label", "node", realNode, `${place}=here`]);
  await kubectl(["taint", "node", fakeNode, "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"]);
  const goneOn = await stage.ended("asked-to-leave", 120);
  expect(goneOn.status).toMatchObject({
    phase: "Succeeded",
    attempt: 2,
    pod: { node: realNode },
    result: { text: "on another node", turns: 1, incomplete: true },
  });

  await kubectl(["delete", "node", fakeNode]);
  const lost = await stage.ended("stays", 150);
  expect(lost.status).toMatchObject({ phase: "Failed", pod: { node: fakeNode }, result: { incomplete: true } });
  expect(lost.status?.failure).toMatchObject({ reason: "NodeLost", retryable: true });
  expect(verdict(lost).message).toMatch(/The pod's node was lost\..*set disruptionRetries/u);
  expect((await stage.ended("heir")).status?.phase).toBe("Succeeded");
}, 400_000);
