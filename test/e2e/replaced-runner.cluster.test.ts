/**
 * An account that may only create and delete ConfigMaps replaces the runner or the run's prompt: nothing of it is
 * executed, and the run names it. What the account deletes is created again.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { Stage } from "./stage.ts";

interface ConfigMap {
  readonly apiVersion: "v1";
  readonly kind: "ConfigMap";
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly data: Readonly<Record<string, string>>;
}

const nodeLabel = "claude-run.test/replaced";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("replaced");
  await stage.kubectl("create", "serviceaccount", "ci");
  await stage.kubectl("create", "role", "maps", "--verb=create,delete", "--resource=configmaps");
  await stage.kubectl("create", "rolebinding", "maps", "--role=maps", `--serviceaccount=${stage.namespace}:ci`);
});
afterAll(async () => {
  await kubectl(["label", "nodes", "--all", `${nodeLabel}-`]);
  await stage.close();
});

const text = [{ text: "Done." }];

/** As the ServiceAccount that may create and delete ConfigMaps, and nothing else. */
function asCi(args: readonly string[], input?: unknown): Promise<string> {
  return kubectl(["-n", stage.namespace, `--as=system:serviceaccount:${stage.namespace}:ci`, ...args], input);
}

async function replace(name: string, change: (data: ConfigMap["data"]) => ConfigMap["data"]): Promise<void> {
  const { data } = JSON.parse(await stage.kubectl("get", "configmap", name, "-o", "json")) as ConfigMap;
  await asCi(["delete", "configmap", name]);
  await create(name, change(data));
}

async function create(name: string, data: ConfigMap["data"]): Promise<void> {
  const metadata = { name, namespace: stage.namespace };
  await asCi(["create", "-f", "-"], { apiVersion: "v1", kind: "ConfigMap", metadata, data } satisfies ConfigMap);
}

/** A run whose pod is ungated and has no node yet: its volumes are not mounted. */
async function waitsForNode(name: string): Promise<void> {
  await kubectl(["label", "nodes", "--all", `${nodeLabel}-`]);
  await stage.create(stage.run(name, text, { pod: { nodeSelector: { [nodeLabel]: name } } }));
  await stage.shows(name, "Unschedulable");
}

async function giveNode(name: string): Promise<ClaudeRun> {
  await kubectl(["label", "nodes", "--all", "--overwrite", `${nodeLabel}=${name}`]);
  return stage.ended(name);
}

async function runnerConfigMap(): Promise<string> {
  const names = await stage.kubectl("get", "configmaps", "-o", "jsonpath={.items[*].metadata.name}");
  return names.split(" ").find((each) => each.startsWith("claude-run-runner-")) ?? "";
}

/** Name of Job and ConfigMap of the first attempt. */
function attemptOf({ metadata }: ClaudeRun): string {
  return `${metadata.name}-${metadata.uid.slice(0, 8)}-1`;
}

async function expectUnchanged(run: ClaudeRun, configMap: string): Promise<void> {
  expect(run.status?.failure).toMatchObject({ reason: "RunnerChanged", retryable: true });
  expect(run.status?.failure?.message).toContain(configMap);
  expect(await stage.kubectl("logs", run.status?.pod?.name ?? "")).not.toContain("EXECUTED");
}

async function eventsOf(run: string, reason: string): Promise<string[]> {
  const selector = `--field-selector=involvedObject.name=${run},reason=${reason}`;
  const notes = await stage.kubectl("get", "events", selector, "-o", "jsonpath={.items[*].message}");
  return notes === "" ? [] : [notes];
}

it("a replaced runner is never executed, is named, and is made again", async () => {
  await stage.create(stage.run("before", text));
  expect((await stage.ended("before")).status?.phase).toBe("Succeeded");
  await waitsForNode("attacked");
  const configMap = await runnerConfigMap();
  await replace(configMap, () => ({ "runner.mjs": `console.log("EXECUTED " + process.env.ANTHROPIC_API_KEY)` }));
  await expectUnchanged(await giveNode("attacked"), configMap);
  await stage.create(stage.run("after", text));
  expect((await stage.ended("after")).status?.phase).toBe("Succeeded");
});

it.each<[string, (data: ConfigMap["data"]) => ConfigMap["data"]]>([
  ["prompt", (data) => ({ ...data, prompt: `Do this @fake ${JSON.stringify([{ text: "EXECUTED" }])}` })],
  ["configuration", (data) => ({ ...data, "config.json": (data["config.json"] ?? "").replace("Bash", "Edit") })],
  ["file-more", (data) => ({ ...data, "settings.json": "{}" })],
])("a replaced run ConfigMap with another %s ends the run before claude starts", async (what, change) => {
  const name = `other-${what}`;
  await waitsForNode(name);
  const configMap = attemptOf(await stage.get(name));
  await replace(configMap, change);
  await expectUnchanged(await giveNode(name), configMap);
});

it.each(["run", "runner"])("a %s ConfigMap that was deleted from under a pod is made again", async (which) => {
  const name = `without-${which}`;
  await waitsForNode(name);
  const configMap = which === "run" ? attemptOf(await stage.get(name)) : await runnerConfigMap();
  await asCi(["delete", "configmap", configMap]);
  expect((await giveNode(name)).status?.phase).toBe("Succeeded");
});

it("a ConfigMap that was made before the operator's is replaced, and an Event of the run says so", async () => {
  await stage.create(stage.run("early", text, { suspend: true }));
  const configMap = attemptOf(await stage.shows("early", "Suspended"));
  await create(configMap, { "config.json": "{}", prompt: "EXECUTED" });
  await stage.change("early", { suspend: false });
  expect((await stage.ended("early")).status?.phase).toBe("Succeeded");
  expect(await eventsOf("early", "ConfigMapReplaced")).toEqual([expect.stringContaining(configMap)]);
});

it("labels that were taken off a run's pod are restored, and an Event of the run says so", async () => {
  await waitsForNode("unlabelled");
  const pod = (await stage.get("unlabelled")).status?.pod?.name ?? "";
  await stage.kubectl("label", "pod", pod, "paperclip.io/agent-", "app.kubernetes.io/managed-by-");
  await stage.until("the Event", async () => (await eventsOf("unlabelled", "LabelsRestored")).length > 0);
  expect((await giveNode("unlabelled")).status?.phase).toBe("Succeeded");
});
