/** A mutating webhook that patches what is created for one agent, as Kueue's and a mesh's do. It runs as a pod of a stage. */
import { selfSigned } from "../../kube/testing/certificates.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { agentImage } from "../install.ts";
import type { Stage } from "./stage.ts";

const name = "mutating";

/** What the pod executes: it answers each AdmissionReview with the same patch. */
const program = `
const { createServer } = require("node:https");
const { readFileSync } = require("node:fs");
const patch = readFileSync("/webhook/patch").toString("base64");
const pem = (file) => readFileSync("/webhook/" + file);
createServer({ cert: pem("cert"), key: pem("key") }, async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const { apiVersion, kind, request: asked } = JSON.parse(body || '{"request":{}}');
  const answer = { uid: asked.uid, allowed: true, patchType: "JSONPatch", patch };
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ apiVersion, kind, response: answer }));
}).listen(8443);
`;

/** What is patched at its creation, and how. */
interface Mutation {
  readonly apiGroup: "" | "batch";
  readonly resource: "jobs" | "pods";
  readonly patch: readonly object[];
  /** An object that is not kept, and where it shows that it was patched. */
  readonly probe: (metadata: object) => object;
  readonly shows: readonly [path: string, value: string];
}

const containers = [{ name: "c", image: "none" }];

/** Suspends the agent's Jobs, as Kueue does. Resolves when the API server obeys it. Returns what removes it. */
export function suspendJobsOf(agent: string, stage: Stage): Promise<() => Promise<void>> {
  const template = { spec: { restartPolicy: "Never", containers } };
  return mutate(agent, stage, {
    apiGroup: "batch",
    resource: "jobs",
    patch: [{ op: "add", path: "/spec/suspend", value: true }],
    probe: (metadata) => ({ apiVersion: "batch/v1", kind: "Job", metadata, spec: { template } }),
    shows: ["{.spec.suspend}", "true"],
  });
}

/** Name of the container that `injectSidecarInto` adds. */
export const sidecarName = "mesh-proxy";

/** Adds an ordinary container that never ends to the agent's pods, as a mesh does. Returns what removes the webhook. */
export function injectSidecarInto(agent: string, stage: Stage): Promise<() => Promise<void>> {
  const command = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1; done"];
  const value = { name: sidecarName, image: agentImage, command, securityContext: restricted };
  return mutate(agent, stage, {
    apiGroup: "",
    resource: "pods",
    patch: [{ op: "add", path: "/spec/containers/-", value }],
    probe: (metadata) => ({ apiVersion: "v1", kind: "Pod", metadata, spec: probePod }),
    shows: ["{.spec.containers[1].name}", sidecarName],
  });
}

const restricted = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
const probePod = {
  securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
  containers: [{ ...containers[0], securityContext: restricted }],
};

async function mutate(agent: string, stage: Stage, mutation: Mutation): Promise<() => Promise<void>> {
  const { namespace } = stage;
  const { cert, key } = selfSigned(`DNS:${name}.${namespace}.svc`);
  const metadata = { name, namespace, labels: { app: name } };
  const patch = JSON.stringify(mutation.patch);
  const items = [
    { apiVersion: "v1", kind: "Secret", metadata, stringData: { cert, key, "webhook.cjs": program, patch } },
    { apiVersion: "v1", kind: "Pod", metadata, spec: podSpec() },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector: { app: name }, ports: [{ port: 443, targetPort: 8443 }] },
    },
  ];
  await kubectl(["create", "-f", "-"], { apiVersion: "v1", kind: "List", items });
  await stage.kubectl("wait", "--for=condition=Ready", `pod/${name}`, "--timeout=120s");
  const configuration = configurationOf(agent, { namespace, cert, ...mutation });
  await kubectl(["create", "-f", "-"], configuration);
  const remove = async (): Promise<void> => {
    const kind = "mutatingwebhookconfiguration";
    await kubectl(["delete", kind, configuration.metadata.name, "--ignore-not-found"]);
  };
  await stage.until("the webhook is obeyed", () => isPatched(agent, namespace, mutation), 120);
  return remove;
}

function podSpec(): object {
  const readinessProbe = { tcpSocket: { port: 8443 }, periodSeconds: 1 };
  const volumeMounts = [{ name, mountPath: "/webhook" }];
  const command = ["node", "/webhook/webhook.cjs"];
  return {
    securityContext: probePod.securityContext,
    terminationGracePeriodSeconds: 0,
    containers: [{ name, image: agentImage, command, readinessProbe, securityContext: restricted, volumeMounts }],
    volumes: [{ name, secret: { secretName: name } }],
  };
}

function configurationOf(
  agent: string,
  { namespace, cert, apiGroup, resource }: Mutation & { readonly namespace: string; readonly cert: string },
) {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name: `${name}-${namespace}` },
    webhooks: [
      {
        name: "mutating.example.com",
        clientConfig: { service: { name, namespace }, caBundle: btoa(cert) },
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        objectSelector: { matchLabels: { "paperclip.io/agent": agent } },
        rules: [{ apiGroups: [apiGroup], apiVersions: ["v1"], operations: ["CREATE"], resources: [resource] }],
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
      },
    ],
  };
}

/** Whether an object of the agent would be patched: one that is not kept. */
async function isPatched(agent: string, namespace: string, { probe, shows }: Mutation): Promise<boolean> {
  const object = probe({ name: "asked", namespace, labels: { "paperclip.io/agent": agent } });
  const query = ["create", "--dry-run=server", "-f", "-", "-o", `jsonpath=${shows[0]}`];
  return (await kubectl(query, object).catch(() => "")) === shows[1];
}
