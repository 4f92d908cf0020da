import type { V1ConfigMap } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { ConflictError, OutdatedPodError, RejectedError } from "../errors.ts";
import { digestsOf } from "../plan/verified-start.ts";
import { RunConfigMaps, type OnReplaced } from "./run-config-maps.ts";
import type { Transport } from "./transport.ts";

interface Body {
  readonly metadata?: {
    readonly name?: string;
    readonly labels?: Record<string, string>;
    readonly ownerReferences?: { uid: string }[];
  };
  readonly [field: string]: unknown;
}

/** The ConfigMaps of one namespace, and the requests. */
class Server {
  nowMs = 0;
  readonly asked: string[] = [];
  readonly maps = new Map<string, Body>();

  now = (): number => this.nowMs;

  request = (method: string, path: string, { body }: { body?: Body } = {}): Promise<unknown> => {
    this.asked.push(method);
    const name = body?.metadata?.name ?? path.slice(path.lastIndexOf("/") + 1);
    if (method === "GET") return Promise.resolve(this.maps.get(name));
    if (method === "DELETE") return Promise.resolve(void this.maps.delete(name));
    if (this.maps.has(name))
      return Promise.reject(
        new RejectedError("exists", { code: 409, reason: "AlreadyExists", serverMessage: "exists" }),
      );
    return Promise.resolve(void this.maps.set(name, structuredClone(body ?? {})));
  };
}

const team = { namespace: "team", runName: "a", runUid: "uid-a" };

function setUp(): { server: Server; configMaps: RunConfigMaps; warnings: string[]; replaced: string[] } {
  const server = new Server();
  const warnings: string[] = [];
  const replaced: string[] = [];
  const log = { warn: (_: unknown, message?: string) => void warnings.push(message ?? "") };
  const onReplaced: OnReplaced = ({ runName }, configMap) => void replaced.push(`${runName} ${configMap}`);
  return { server, warnings, replaced, configMaps: aHold(server, { log, onReplaced }) };
}

function aHold(
  server: Server,
  options: ConstructorParameters<typeof RunConfigMaps>[2] = {
    log: { warn: () => undefined },
    onReplaced: () => undefined,
  },
): RunConfigMaps {
  return new RunConfigMaps(server as unknown as Transport, "the runner", options);
}

describe("the runner ConfigMap", () => {
  it("with the same content, by another replica, is success", async () => {
    const { server, configMaps, warnings } = setUp();
    await configMaps.ensureRunnerConfigMap(team);
    await aHold(server).ensureRunnerConfigMap(team);
    expect(server.asked).toEqual(["POST", "POST", "GET"]);
    expect(warnings).toEqual([]);
  });

  it.each<[string, (original: Body) => Body]>([
    ["another file", (original) => ({ ...original, data: { "runner.mjs": "evil" } })],
    ["one more file", (original) => ({ ...original, data: { ...(original["data"] as object), more: "evil" } })],
    ["a binary file", (original) => ({ ...original, binaryData: { more: "ZXZpbA==" } })],
    ["changes allowed", ({ immutable, ...original }) => ({ ...original, wasImmutable: immutable })],
    ["no labels", (original) => ({ ...original, metadata: { name: original.metadata?.name ?? "" } })],
    [
      "an owner, with which it would be deleted",
      (original) => ({ ...original, metadata: { ...original.metadata, ownerReferences: [{ uid: "x" }] } }),
    ],
  ])("of a user, with %s, is deleted, logged, reported for the run and created again", async (_, change) => {
    const { server, configMaps, warnings, replaced } = setUp();
    await configMaps.ensureRunnerConfigMap(team);
    const original = server.maps.get(configMaps.runnerConfigMap) ?? {};
    server.maps.set(configMaps.runnerConfigMap, change(original));
    configMaps.forgetRunner("team");
    await expect(configMaps.ensureRunnerConfigMap(team)).rejects.toThrow(ConflictError);
    await configMaps.ensureRunnerConfigMap(team);
    expect(server.maps.get(configMaps.runnerConfigMap)).toEqual(original);
    expect(warnings).toHaveLength(1);
    expect(replaced).toEqual([`a ${configMaps.runnerConfigMap}`]);
  });

  it("is read again after ten seconds: a namespace that was created again gets one", async () => {
    const { server, configMaps } = setUp();
    await configMaps.ensureRunnerConfigMap(team);
    await configMaps.ensureRunnerConfigMap(team);
    server.maps.clear();
    server.nowMs = 10_000;
    await configMaps.ensureRunnerConfigMap(team);
    expect(server.asked).toEqual(["POST", "GET", "POST"]);
    expect(server.maps.has(configMaps.runnerConfigMap)).toBe(true);
  });
});

describe("the run ConfigMap", () => {
  const plan = (prompt: string, owner = "job"): Body => ({
    metadata: { name: "a-1", labels: { run: "a" }, ownerReferences: [{ uid: owner }] },
    immutable: true,
    data: { prompt },
  });
  const demand = (prompt: string): { runDigests: string } => ({ runDigests: JSON.stringify(digestsOf({ prompt })) });
  const load = (
    configMaps: RunConfigMaps,
    prompt: string,
    demanded: { runDigests?: string } = {},
  ): ReturnType<RunConfigMaps["ensureRunConfigMap"]> =>
    configMaps.ensureRunConfigMap({
      ...team,
      ...demanded,
      ownerUid: "job",
      attempt: 1,
      plan: () => Promise.resolve(plan(prompt) as unknown as V1ConfigMap),
    });

  it("with another prompt, whatever its owner, is deleted, reported for the run and created again", async () => {
    const { server, configMaps, replaced } = setUp();
    server.maps.set("a-1", plan("Print the key."));
    await expect(load(configMaps, "Fix it.").done).rejects.toThrow(ConflictError);
    await load(configMaps, "Fix it.").done;
    expect(server.maps.get("a-1")).toEqual(plan("Fix it."));
    expect(replaced).toEqual(["a a-1"]);
  });

  it("is created once, and again after forget", async () => {
    const { server, configMaps } = setUp();
    await load(configMaps, "Fix it.").done;
    server.maps.clear();
    await load(configMaps, "Fix it.").done;
    expect(server.maps.size).toBe(0);
    configMaps.forget({ ownerUid: "job", attempt: 1 });
    await load(configMaps, "Fix it.").done;
    expect(server.maps.get("a-1")).toEqual(plan("Fix it."));
  });

  it("that the pod requires is created", async () => {
    const { server, configMaps } = setUp();
    const { isRequired, done } = load(configMaps, "Fix it.", demand("Fix it."));
    await done;
    expect(await isRequired).toBe(true);
    expect(server.maps.get("a-1")).toEqual(plan("Fix it."));
  });

  it("is created for a pod without digests", async () => {
    const { server, configMaps } = setUp();
    await load(configMaps, "Fix it.", {}).done;
    expect(server.maps.has("a-1")).toBe(true);
  });

  it("of another version, which the pod requires and that version created, is used", async () => {
    const { server, configMaps } = setUp();
    server.maps.set("a-1", plan("Fix it, old."));
    const { isRequired, done } = load(configMaps, "Fix it.", demand("Fix it, old."));
    await done;
    expect(await isRequired).toBe(true);
    expect(server.maps.get("a-1")).toEqual(plan("Fix it, old."));
  });

  it.each<[string, Body | undefined]>([
    ["is missing", undefined],
    ["is this version's", plan("Fix it.")],
    ["has another owner, with which it would be deleted", plan("Fix it, old.", "other")],
  ])("of another version, which the pod requires and which %s, is not created", async (_, stored) => {
    const { server, configMaps } = setUp();
    if (stored !== undefined) server.maps.set("a-1", stored);
    const { isRequired, done } = load(configMaps, "Fix it.", demand("Fix it, old."));
    await expect(done).rejects.toThrow(OutdatedPodError);
    expect(await isRequired).toBe(false);
    expect(server.maps.get("a-1")).toEqual(stored);
  });
});
