/** A workspace that outlives its pods: a directory of the node as a PersistentVolume, and the claim to it. */
import { kubectl } from "../cluster/kubectl.ts";
import type { Stage } from "./stage.ts";

/** Name of the claim that `openWorkspace` makes in the stage's namespace. */
export const claimName = "workspace";

const size = { storage: "1Gi" };
const common = { accessModes: ["ReadWriteOnce"], storageClassName: "" };

/** What removes a volume with its directory. */
export interface Volume {
  readonly close: () => Promise<void>;
}

/** Makes volume and claim; returns what removes both and the directory. */
export async function openWorkspace(stage: Stage, claim = claimName): Promise<Volume> {
  const volume = await openVolume(stage, claim, "work");
  await kubectl(["create", "-f", "-"], {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: claim, namespace: stage.namespace },
    spec: { ...common, volumeName: volumeName(stage), resources: { requests: size } },
  });
  return volume;
}

/** A volume for a claim of that name in the stage's namespace; `directory` in it belongs to uid 1000. */
export async function openVolume(stage: Stage, claim: string, directory: string): Promise<Volume> {
  const name = volumeName(stage);
  await onNode(`${name}-make`, `mkdir -p /node-tmp/${name}/${directory} && chown -R 1000:1000 /node-tmp/${name}`);
  await kubectl(["create", "-f", "-"], {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: {
      ...common,
      capacity: size,
      hostPath: { path: `/var/tmp/${name}` },
      claimRef: { namespace: stage.namespace, name: claim },
    },
  });
  async function close(): Promise<void> {
    await kubectl(["delete", "pv", name, "--wait=false", "--ignore-not-found"]);
    await onNode(`${name}-remove`, `rm -rf /node-tmp/${name}`);
  }
  return { close };
}

function volumeName(stage: Stage): string {
  return `claude-run-${stage.namespace}`;
}

/** An agent's configuration for the adapter with which its claude is what `placeClaude` has put on the volume. */
export const withPlacedClaude = {
  workspaceVolumeClaim: claimName,
  workspaceSubPath: "work",
  workspaceMountPath: "/workspace",
  env: { PATH: "/workspace/bin:/usr/local/bin:/usr/bin:/bin" },
} as const;

/** Puts a program in claude's place on the stage's volume: a TypeScript module for node. */
export async function placeClaude(stage: Stage, source: string): Promise<void> {
  const bin = "/workspace/bin";
  await stage.kubectl("create", "configmap", "claude", `--from-literal=claude.ts=${source}`);
  const start = `printf '#!/bin/sh\\nexec node ${bin}/claude.ts\\n' > ${bin}/claude`;
  const container = {
    name: "place",
    image: "localhost/claude-run/agent:dev",
    imagePullPolicy: "IfNotPresent",
    command: ["sh", "-c", `mkdir -p ${bin} && cp /source/claude.ts ${bin} && ${start} && chmod 755 ${bin}/claude`],
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: "RuntimeDefault" },
    },
    volumeMounts: [
      { name: "source", mountPath: "/source" },
      { name: "workspace", mountPath: "/workspace", subPath: "work" },
    ],
  };
  const volumes = [
    { name: "source", configMap: { name: "claude" } },
    { name: "workspace", persistentVolumeClaim: { claimName } },
  ];
  await stage.create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "place-claude", namespace: stage.namespace },
    spec: { restartPolicy: "Never", containers: [container], volumes },
  });
  await stage.kubectl("wait", "pod/place-claude", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=180s");
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
  await kubectl(["wait", "-n", "default", `pod/${name}`, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=180s"]);
  await kubectl(["delete", "-n", "default", "pod", name, "--wait=false"]);
}
