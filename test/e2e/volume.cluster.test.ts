/** A workspace that outlives its runs: the session is continued on it, and each run reports its own cost only. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { kubectl } from "../cluster/kubectl.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
const volume = `claude-run-volume-${process.pid}`;
const path = `/var/tmp/${volume}`;

/** A directory of the node: made for uid 1000 before, removed after. */
async function onNode(name: string, script: string): Promise<void> {
  const container = {
    name: "sh",
    image: "localhost/claude-run/agent:dev",
    imagePullPolicy: "IfNotPresent",
    command: ["sh", "-c", script],
    securityContext: { runAsUser: 0 },
    volumeMounts: [{ name: "tmp", mountPath: "/node-tmp" }],
  };
  const spec = {
    restartPolicy: "Never",
    containers: [container],
    volumes: [{ name: "tmp", hostPath: { path: "/var/tmp" } }],
  };
  await kubectl(["create", "-f", "-"], {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec,
  });
  await kubectl(["wait", "-n", "default", `pod/${name}`, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s"]);
  await kubectl(["delete", "-n", "default", "pod", name, "--wait=false"]);
}

beforeAll(async () => {
  stage = await Stage.open("volume");
  await onNode(`${volume}-make`, `mkdir -p /node-tmp/${volume}/work && chown -R 1000:1000 /node-tmp/${volume}`);
  const size = { storage: "1Gi" };
  const common = { accessModes: ["ReadWriteOnce"], storageClassName: "" };
  await kubectl(["create", "-f", "-"], {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: volume },
    spec: {
      ...common,
      capacity: size,
      hostPath: { path },
      claimRef: { namespace: stage.namespace, name: "workspace" },
    },
  });
  await kubectl(["create", "-f", "-"], {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "workspace", namespace: stage.namespace },
    spec: { ...common, volumeName: volume, resources: { requests: size } },
  });
});
afterAll(async () => {
  await stage.close();
  await kubectl(["delete", "pv", volume, "--wait=false", "--ignore-not-found"]);
  await onNode(`${volume}-remove`, `rm -rf /node-tmp/${volume}`);
});

it("a second run continues the first one's session and files, and costs what it spent itself", async () => {
  const workspace = { persistentVolumeClaim: { claimName: "workspace", subPath: "work" } };
  const write = [{ tool: "Bash", input: { command: "echo PINEAPPLE > word.txt" } }, { text: "Written." }];
  await stage.create(stage.run("first", write, { agent: "author", workspace }));
  const first = await stage.ended("first");
  expect(first.status).toMatchObject({ phase: "Succeeded", result: { costUSD: "0.0012" } });

  const session = { resume: first.status?.session?.id ?? "", onMissing: "Fail" as const };
  const read = [{ tool: "Bash", input: { command: "cat word.txt" } }, { text: "It says PINEAPPLE." }];
  await stage.create(stage.run("second", read, { agent: "author", workspace, session }));
  const second = await stage.ended("second");
  expect(second.status).toMatchObject({
    phase: "Succeeded",
    session: first.status?.session,
    result: { turns: 2, costUSD: "0.0012", text: "It says PINEAPPLE." },
  });
  expect(await stage.kubectl("logs", second.status?.pod?.name ?? "")).toContain("PINEAPPLE");
});
