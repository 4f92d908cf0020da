/** What the runs need in the cluster: an API to talk to, a namespace, the key, and no runs of an earlier demo. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { kubectl } from "../cluster/kubectl.ts";
import { namespace, secretName } from "./runs.ts";
import { during, say } from "./screen.ts";

const fakeApi = fileURLToPath(new URL("../fake-api", import.meta.url));

/** Starts the fake Messages API and resolves to its address: by number, as a cluster need not have DNS. */
export async function startFakeApi(): Promise<string> {
  await kubectl(["apply", "-f", `${fakeApi}/fake-api.yaml`]);
  // the image's tag stays the same when the server changes
  const id = createHash("sha256")
    .update(readFileSync(`${fakeApi}/fake-api.mjs`))
    .digest("hex")
    .slice(0, 12);
  const template = { metadata: { annotations: { "claude-run/image": id } } };
  const patch = JSON.stringify({ spec: { template } });
  await kubectl(["patch", "-n", "fake-api", "deployment/fake-api", "-p", patch]);
  const rollout = kubectl(["rollout", "status", "-n", "fake-api", "deployment/fake-api", "--timeout=180s"]);
  await during("waiting for the fake API's pod", rollout);
  const ip = await kubectl(["get", "-n", "fake-api", "service/fake-api", "-o", "jsonpath={.spec.clusterIP}"]);
  return `http://${ip}`;
}

/** Makes the namespace and the Secret, server-side: the key must not end up in an annotation. */
export async function makeNamespace(apiKey: string): Promise<void> {
  await apply({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
  });
  await apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: secretName, namespace },
    stringData: { ANTHROPIC_API_KEY: apiKey },
  });
}

/** Deletes the runs of an earlier demo and waits for their pods: one that still runs would hold its agent. */
export async function clearRuns(): Promise<void> {
  const deleted = await during(
    "deleting the runs of an earlier demo",
    kubectl(["delete", "clauderuns", "--all", "-n", namespace, "--timeout=180s"]),
  );
  if (!deleted.includes("deleted")) return;
  say("the runs of an earlier demo are deleted");
  await during(
    "waiting for their pods to go",
    kubectl(["wait", "pods", "--all", "-n", namespace, "--for=delete", "--timeout=180s"]),
  );
}

/** Applies an object as this demo's own, whoever wrote it before. */
export async function apply(object: object): Promise<void> {
  await kubectl(["apply", "--server-side", "--force-conflicts", "--field-manager=claude-run-demo", "-f", "-"], object);
}
