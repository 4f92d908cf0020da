/** kubectl claude with common kinds of kubeconfigs; kube/kubectl.cluster.test.ts compares all kinds with kubectl. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { RecordingServers } from "../kube/testing/recording-servers.ts";
import { start } from "./testing/command.ts";

const servers = new RecordingServers();
let port: number;

beforeAll(async () => {
  port = await servers.api("api", { tls: true });
});
afterAll(() => servers.close());

function kubeconfig(
  user: object,
  trust: object = { "certificate-authority-data": btoa(servers.certificate.cert) },
): string {
  const file = join(mkdtempSync(join(tmpdir(), "cli-kubeconfig-")), "config");
  const cluster = { server: `https://127.0.0.1:${port}`, ...trust };
  const config = {
    clusters: [{ name: "c", cluster }],
    users: [{ name: "u", user }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

function pluginOf(script: string, more: object = {}): string {
  const command = join(mkdtempSync(join(tmpdir(), "cli-plugin-")), "plugin");
  writeFileSync(command, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command, interactiveMode: "IfAvailable", ...more };
  return kubeconfig({ exec });
}

const none = "no runs in namespace default\n";
const prints = `echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t"}}'`;

it("a list with a missing file works, and the flags of impersonation are sent", async () => {
  const KUBECONFIG = `/nowhere/config:${kubeconfig({ token: "t", as: "viewer", "as-groups": ["readers"] })}`;
  const flags = ["--as", "ada", "--as-group", "writers", "--as-group", "auditors"];
  servers.take();
  expect(await start(["list", ...flags], { env: { KUBECONFIG } }).ended).toMatchObject({ code: 0, stderr: none });
  expect(servers.take().requests[0]).toMatchObject({
    authorization: "Bearer t",
    impersonation: ["impersonate-group: auditors", "impersonate-group: writers", "impersonate-user: ada"],
  });
});

it("a plugin that reads stdin does not get the prompt", async () => {
  const env = { KUBECONFIG: pluginOf(`cat > /dev/null\n${prints}`) };
  const args = ["run", "-", "--agent", "a", "--name", "one", "-o", "json"];
  const { code, stdout, stderr } = await start(args, { env, stdin: "line one\nline two\n" }).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout)).toMatchObject({ spec: { prompt: "line one\nline two\n" } });
});

it("a plugin that is told of the cluster finds it in KUBERNETES_EXEC_INFO", async () => {
  const script = `case $KUBERNETES_EXEC_INFO in *'"server":"https://127.0.0.1:${port}"'*) ${prints} ;; *) exit 1 ;; esac`;
  const env = { KUBECONFIG: pluginOf(script, { provideClusterInfo: true }) };
  expect(await start(["list"], { env }).ended).toMatchObject({ code: 0, stderr: none });
});

it("a plugin that fails is run once, and told in one line", async () => {
  const { code, stderr } = await start(["list"], { env: { KUBECONFIG: pluginOf("echo was asked >&2; exit 3") } }).ended;
  expect(code).toBe(1);
  const [asked, ...error] = stderr.trimEnd().split("\n");
  expect(asked).toBe("was asked");
  expect(error).toHaveLength(1);
  expect(error[0]).toMatch(
    /^error: the credential plugin \S+ of the kubeconfig \S+: the user u ended with exit code 3$/,
  );
});

it("the machine's authorities are trusted where the kubeconfig names none, SSL_CERT_FILE among them", async () => {
  const KUBECONFIG = kubeconfig({ token: "t" }, {});
  const SSL_CERT_FILE = join(mkdtempSync(join(tmpdir(), "cli-authority-")), "ca.pem");
  writeFileSync(SSL_CERT_FILE, servers.certificate.cert);
  expect(await start(["list"], { env: { KUBECONFIG } }).ended).toMatchObject({ code: 1, stdout: "" });
  expect(await start(["list"], { env: { KUBECONFIG, SSL_CERT_FILE } }).ended).toMatchObject({ code: 0, stderr: none });
});
