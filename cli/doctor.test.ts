/** `doctor --from-pod`: what an older adapter took from its server's pod, and where to write it now. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { Bench } from "./testing/command.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await new Bench().open();
});
afterEach(() => bench.close());

const spec = {
  containers: [
    {
      image: "registry.example/paperclip:1",
      env: [{ name: "KEY", valueFrom: { secretKeyRef: { name: "provider", key: "k" } } }],
      envFrom: [{ secretRef: { name: "provider" } }, { secretRef: { name: "database" } }],
      volumeMounts: [
        { name: "scratch", mountPath: "/scratch" },
        { name: "data", mountPath: "/paperclip" },
      ],
    },
  ],
  volumes: [
    { name: "scratch", persistentVolumeClaim: { claimName: "scratch" } },
    { name: "data", persistentVolumeClaim: { claimName: "paperclip-data" } },
    { name: "ssh", secret: { secretName: "deploy-key" } },
  ],
  imagePullSecrets: [{ name: "pull" }],
  nodeSelector: { pool: "agents" },
  tolerations: [
    { key: "agents", operator: "Exists" },
    { key: "node.kubernetes.io/not-ready", operator: "Exists" },
  ],
  dnsPolicy: "None",
};

it("prints values of the chart, keys of the adapter, and what has no place of its own", async () => {
  bench.api.put("pods", { metadata: { name: "server-0" }, spec });
  const { code, stdout } = await bench.claude(["doctor", "--from-pod", "server-0"]);
  expect(code).toBe(0);
  expect(stdout).toBe(`# values of the chart claude-run-operator
run:
  image: registry.example/paperclip:1
  imagePullSecrets:
    - pull

# configuration of each agent
workspaceVolumeClaim: paperclip-data
workspaceMountPath: /paperclip
nodeSelector:
  pool: agents
tolerations:
  - key: agents
    operator: Exists

# Secrets in the server's variables (provider, database): put what agents need,
# and no more, into one Secret, and name it in credentialsSecretName
# Secrets mounted as files (deploy-key): agents see none of them; give what they
# need in env
# DNS (dnsPolicy None): the chart and the adapter set none; a ClaudeRun's
# spec.pod.dnsConfig can add to it
`);
});

it("of a pod that has nothing special says what there is", async () => {
  bench.api.put("pods", { metadata: { name: "plain" }, spec: { containers: [{ image: "i" }] } });
  const { stdout } = await bench.claude(["doctor", "--from-pod", "plain", "-o", "json"]);
  expect(JSON.parse(stdout)).toEqual({ values: { run: { image: "i" } }, config: {}, left: [] });
});

it("says that there is no such pod", async () => {
  expect(await bench.claude(["doctor", "--from-pod", "nope"])).toMatchObject({
    code: 1,
    stderr: "error: there is no pod nope in namespace agents: name the server's, and its namespace by -n\n",
  });
});
