/** A workspace that outlives its pods: a directory of the node as a PersistentVolume, and the claim to it. */
import { kubectl } from "../cluster/kubectl.ts";
import type { Stage } from "./stage.ts";

/** Name of the claim that `openWorkspace` makes in the stage's namespace. */
export const claimName = "workspace";

/** Makes volume and claim; returns what removes both and the directory. */
export async function openWorkspace(stage: Stage): Promise<{ close: () => Promise<void> }> {
  const volume = `claude-run-${stage.namespace}`;
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
      hostPath: { path: `/var/tmp/${volume}` },
      claimRef: { namespace: stage.namespace, name: claimName },
    },
  });
  await kubectl(["create", "-f", "-"], {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: claimName, namespace: stage.namespace },
    spec: { ...common, volumeName: volume, resources: { requests: size } },
  });
  async function close(): Promise<void> {
    await kubectl(["delete", "pv", volume, "--wait=false", "--ignore-not-found"]);
    await onNode(`${volume}-remove`, `rm -rf /node-tmp/${volume}`);
  }
  return { close };
}

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
