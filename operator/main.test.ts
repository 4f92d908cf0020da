import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { selfSigned } from "../kube/testing/certificates.ts";
import { eventually } from "../test/eventually.ts";
import { ApiServer } from "../kube/testing/api-server.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** The bundle of the image, which starts five times as fast as the sources. */
const bundle = join(root, "dist", "operator.mjs");

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [join(root, "tools", "build.ts")], { cwd: root });
}, 60_000);

let folder: string;
let server: ApiServer;
let child: ChildProcess | undefined;
let output: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "operator-"));
  server = await new ApiServer().listen();
  output = "";
});

afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await server.close();
  rmSync(folder, { recursive: true });
});

/** Starts the operator as a process, with only the given environment. */
function start(environment: Record<string, string>, user?: object): ChildProcess {
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, server.kubeconfig(user));
  writeFileSync(join(folder, "runner.mjs"), "// the runner");
  const env = { KUBECONFIG: kubeconfig, RUNNER_FILE: join(folder, "runner.mjs"), HOME: folder, ...environment };
  child = spawn(process.execPath, [bundle], { env, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return child;
}

async function exitOf(process: ChildProcess): Promise<number | null> {
  if (process.exitCode !== null) return process.exitCode;
  const [code] = (await once(process, "exit")) as [number | null];
  return code;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0);
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

async function probe(port: number, path: string): Promise<number | undefined> {
  return fetch(`http://127.0.0.1:${port}${path}`).then(
    ({ status }) => status,
    () => undefined,
  );
}

describe("the process", () => {
  test("exits with 1 and one message with all mistakes if the configuration is invalid", async () => {
    expect(await exitOf(start({ WORKERS: "many", ADMISSION: "shut" }))).toBe(1);
    expect(output.split("\n").slice(0, -1)).toEqual([
      "Invalid configuration:",
      expect.stringContaining("RUN_IMAGE: ") as string,
      expect.stringContaining("ADMISSION: ") as string,
      expect.stringContaining("WORKERS: ") as string,
    ]);
    expect(server.requests).toEqual([]);
  });

  test("is ready only once its caches are filled, and exits with 0 on SIGTERM", async () => {
    let isHeld = true;
    server.intercept = ({ path }) => isHeld && path === "/api/v1/pods";
    const port = await freePort();
    const process = start({ RUN_IMAGE: "agent:1", HEALTH_PORT: String(port) });
    await eventually("runs and Jobs are watched, pods are not listed yet", () => server.openWatches === 2);
    expect(await probe(port, "/livez")).toBe(200);
    expect(await probe(port, "/readyz")).toBe(503);
    isHeld = false;
    // The waiting list is interrupted; the next one gets an answer.
    server.breakRequests();
    await eventually("it is ready", async () => (await probe(port, "/readyz")) === 200);
    const metrics = await fetch(`http://127.0.0.1:${port}/metrics`).then((response) => response.text());
    expect(metrics).toContain("\nclaude_run_leader 1\n");
    expect(metrics).toContain('claude_run_api_requests_total{verb="list",resource="pods",code="200"} 1');
    expect(metrics).toContain('claude_run_api_requests_total{verb="watch",resource="clauderuns",code="200"} 1');
    const beganMs = performance.now();
    process.kill("SIGTERM");
    expect(await exitOf(process)).toBe(0);
    // The kubelet kills it after 30 s.
    expect(performance.now() - beganMs).toBeLessThan(20_000);
    expect(output).toContain("operator stopped");
    const paths = new Set(server.requests.map(({ path }) => path));
    expect([...paths].toSorted()).toEqual([
      "/api/v1/pods",
      "/apis/batch/v1/jobs",
      "/apis/paperclip.io/v1alpha1/clauderuns",
    ]);
  }, 30_000);

  test("keeps running while the API server is unreachable, and exits with 0 on SIGTERM", async () => {
    const port = await freePort();
    const process = start({ RUN_IMAGE: "agent:1", HEALTH_PORT: String(port), WATCH_NAMESPACES: "team" });
    await server.close();
    await eventually("it tries", () => output.includes("list or watch failed, retrying"));
    expect(await probe(port, "/livez")).toBe(200);
    expect(await probe(port, "/readyz")).toBe(503);
    process.kill("SIGTERM");
    expect(await exitOf(process)).toBe(0);
    expect(output).not.toContain("secret-token");
  }, 30_000);
});

describe("the bundle", () => {
  test("authenticates with a token file, as in a pod, and with a plugin", async () => {
    await server.close();
    server = await new ApiServer({ tls: selfSigned() }).listen();
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, "from-file");
    const command = join(folder, "plugin");
    const apiVersion = "client.authentication.k8s.io/v1";
    const credential = { apiVersion, kind: "ExecCredential", status: { token: "from-plugin" } };
    writeFileSync(command, `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`, { mode: 0o755 });
    const users = {
      "Bearer from-file": { tokenFile },
      "Bearer from-plugin": { exec: { apiVersion, command, interactiveMode: "Never" } },
    };
    for (const [authorization, user] of Object.entries(users)) {
      const process = start({ RUN_IMAGE: "agent:1", HEALTH_PORT: "0" }, user);
      await eventually("it watches", () => server.openWatches === 3);
      process.kill("SIGTERM");
      expect(await exitOf(process)).toBe(0);
      expect(new Set(server.requests.splice(0).map(({ headers }) => headers.authorization))).toEqual(
        new Set([authorization]),
      );
      await eventually("its watches are closed", () => server.openWatches === 0);
    }
  }, 30_000);
});
