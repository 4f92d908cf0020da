/** `doctor --from-pod`: what an older adapter took from its server's pod, and where to write it now. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { CliHarness } from "../testing/command.ts";

let bench: CliHarness;
beforeEach(async () => {
  bench = await new CliHarness().open();
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
  const { code, stdout } = await bench.runInProcess(["doctor", "--from-pod", "server-0"]);
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

# Secrets in the server's variables (provider, database): copy only the keys
# that agents need into one Secret, and set credentialsSecretName
# Secrets mounted as files (deploy-key): agents do not see them; set the values
# that they need in env
# DNS (dnsPolicy None): chart and adapter do not set it; use spec.pod.dnsConfig
# of the ClaudeRun
`);
});

it("of a pod that has nothing special says what there is", async () => {
  bench.api.put("pods", { metadata: { name: "plain" }, spec: { containers: [{ image: "i" }] } });
  const { stdout } = await bench.runInProcess(["doctor", "--from-pod", "plain", "-o", "json"]);
  expect(JSON.parse(stdout)).toEqual({ values: { run: { image: "i" } }, config: {}, left: [] });
});

it("says that there is no such pod", async () => {
  expect(await bench.runInProcess(["doctor", "--from-pod", "nope"])).toMatchObject({
    code: 1,
    stderr: "error: pod nope not found in namespace agents: name the server's pod, and its namespace with -n\n",
  });
});
