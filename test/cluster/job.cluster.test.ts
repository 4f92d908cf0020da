/** A plain Job, without the operator: the agent image, the real CLI and the fake Messages API do work on this cluster. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { kubectl } from "./kubectl.ts";

const namespace = `plain-job-${process.pid}`;
const manifest = "test/fake-api/fake-api.yaml";

beforeAll(async () => {
  await kubectl(["apply", "-f", manifest]);
  await kubectl(["rollout", "status", "-n", "fake-api", "deployment/fake-api", "--timeout=180s"]);
  await kubectl(["create", "namespace", namespace]);
  await kubectl(["label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted"]);
});
afterAll(() => kubectl(["delete", "namespace", namespace, "--wait=false", "--ignore-not-found"]));

function job(name: string, address: string, command: string[]): unknown {
  const env = {
    ANTHROPIC_BASE_URL: `http://${address}`,
    ANTHROPIC_API_KEY: "sk-test-not-real",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_AUTOUPDATER: "1",
    DISABLE_TELEMETRY: "1",
    DISABLE_ERROR_REPORTING: "1",
    HOME: "/tmp",
  };
  const container = {
    name: "claude",
    image: "localhost/claude-run/agent:dev",
    imagePullPolicy: "IfNotPresent",
    command,
    workingDir: "/tmp",
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
    volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
    resources: { limits: { memory: "1Gi" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: 90,
      template: {
        spec: {
          restartPolicy: "Never",
          automountServiceAccountToken: false,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 1000,
            fsGroup: 1000,
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [container],
          volumes: [{ name: "tmp", emptyDir: {} }],
        },
      },
    },
  };
}

test("the agent image holds node, git and claude for uid 1000", async () => {
  const script = "id -u && node --version && git --version && claude --version";
  await kubectl(["create", "-f", "-"], job("tools", "127.0.0.1", ["sh", "-c", script]));
  await kubectl(["wait", "-n", namespace, "job/tools", "--for=condition=Complete", "--timeout=180s"]);
  const log = await kubectl(["logs", "-n", namespace, "job/tools"]);
  expect(log).toMatch(/^1000\nv24\.\d+\.\d+\ngit version 2\.\S+\n2\.1\.330 \(Claude Code\)\n$/);
});

test("claude -p answers through the fake API's ClusterIP", async () => {
  const address = await kubectl(["get", "-n", "fake-api", "service/fake-api", "-o", "jsonpath={.spec.clusterIP}"]);
  const command = ["claude", "-p", "hi", "--output-format", "stream-json", "--verbose"];
  await kubectl(["create", "-f", "-"], job("hello", address, command));
  await kubectl(["wait", "-n", namespace, "job/hello", "--for=condition=Complete", "--timeout=180s"]);
  const log = await kubectl(["logs", "-n", namespace, "job/hello"]);
  const events = log
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.at(-1)).toMatchObject({
    type: "result",
    subtype: "success",
    is_error: false,
    num_turns: 1,
    result: "ok",
  });
});
