import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ClaudeRunOperator } from "./shell.ts";
import { recordingLog } from "./testing/recording-log.ts";

const lock = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8")) as {
  packages: Record<string, { version?: string; dev?: boolean }>;
};

/** Versions of a package anywhere in the tree. */
function versionsOf(name: string): string[] {
  return Object.entries(lock.packages)
    .filter(([path]) => path === `node_modules/${name}` || path.endsWith(`/node_modules/${name}`))
    .map(([, { version = "" }]) => version);
}

describe("the packages", () => {
  // The dependencies of the base class have known vulnerabilities; package.json overrides its client.
  test.each([
    ["request", /./],
    ["tar", /^[0-6]\./],
    ["form-data", /^[0-2]\./],
    ["jsonpath-plus", /^[0-9]\./],
    ["tough-cookie", /^[0-3]\./],
  ])("have no %s with known vulnerabilities", (name, bad) => {
    expect(versionsOf(name).filter((version) => bad.test(version))).toEqual([]);
  });

  test.each(["@kubernetes/client-node", "@dot-i/k8s-operator", "undici"])("have one %s", (name) => {
    expect(versionsOf(name)).toHaveLength(1);
  });
});

describe("the shell", () => {
  const calls: string[] = [];
  const service = {
    start: (): Promise<void> => Promise.resolve(void calls.push("start")),
    stop: async (): Promise<void> => {
      calls.push("stop");
      await Promise.resolve();
      calls.push("stopped");
    },
  };

  beforeEach(() => {
    calls.length = 0;
    // The constructor of the base class reads a kubeconfig.
    vi.stubEnv("KUBECONFIG", "");
    vi.stubEnv("HOME", "/nonexistent");
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("starts the service, and has stopped once the service has", async () => {
    const operator = new ClaudeRunOperator(service, recordingLog().log);
    await operator.start();
    operator.stop();
    await operator.stopped;
    expect(calls).toEqual(["start", "stop", "stopped"]);
  });

  test("fails to stop if the service does", async () => {
    const broken = { ...service, stop: () => Promise.reject(new Error("no")) };
    const operator = new ClaudeRunOperator(broken, recordingLog().log);
    operator.stop();
    await expect(operator.stopped).rejects.toThrow("no");
  });

  test("fails to start if the service does", async () => {
    const broken = { ...service, start: () => Promise.reject(new Error("no")) };
    await expect(new ClaudeRunOperator(broken, recordingLog().log).start()).rejects.toThrow("no");
  });

  test.each([
    "registerCustomResourceDefinition",
    "watchResource",
    "setResourceStatus",
    "patchResourceStatus",
    "setResourceFinalizers",
  ])("rejects the base class's %s, which would lose errors or end the process", async (method) => {
    const operator = new ClaudeRunOperator(service, recordingLog().log) as unknown as Record<
      string,
      () => Promise<unknown>
    >;
    await expect(operator[method]?.()).rejects.toThrow(`${method} of the base class is not supported`);
  });
});
