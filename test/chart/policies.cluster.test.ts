/** The chart's policies on the real API server, bound to one namespace: what a developer with the role edit may do there. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubectl } from "../cluster/kubectl.ts";
import { Stage, type Spec } from "../e2e/stage.ts";
import { eventually } from "../eventually.ts";
import { agentImage } from "../install.ts";
import { bindPolicies, expressionWarnings, objection, removePolicies } from "./bound-policies.ts";

let stage: Stage;
let policies: readonly string[] = [];

beforeAll(async () => {
  stage = await Stage.open("policies");
  await stage.kubectl("create", "rolebinding", "developer", "--clusterrole=edit", "--user=developer");
  await stage.kubectl("create", "rolebinding", "reader", "--clusterrole=view", "--user=reader");
  policies = await bindPolicies(stage.namespace, {
    imagePrefixes: ["localhost/claude-run/", "registry.example/agents@sha256:"],
    serviceAccounts: ["agents"],
    volumeTypes: ["emptyDir", "configMap", "projected"],
    requireUntrustedWorkspace: true,
    runLabels: ["team", "example.com/*"],
    runAnnotations: [],
    protectPods: false,
  });
});
afterAll(async () => {
  await removePolicies(policies);
  await stage.close();
});

/** Creates a run, without keeping it. */
function attempt(spec: Spec, ...as: string[]): Promise<string> {
  const workspace = { trust: false };
  const run = stage.run("attempt", [{ text: "never" }], { suspend: true, workspace, ...spec });
  return objection(kubectl(["create", "--dry-run=server", "-f", "-", ...as], run));
}

it("a role of Kubernetes' own brings the like for ClaudeRuns", async () => {
  const may = async (who: string, verb: string): Promise<string> => {
    const answer = stage.kubectl("auth", "can-i", verb, "clauderuns", `--as=${who}`);
    return (await answer.catch((error: unknown) => (error as { stdout?: string }).stdout ?? "")).trim();
  };
  for (const verb of ["get", "create", "patch", "delete"]) expect(await may("developer", verb)).toBe("yes");
  expect(await may("reader", "list")).toBe("yes");
  for (const verb of ["create", "patch", "delete"]) expect(await may("reader", verb)).toBe("no");
});

describe("of a run, a developer", () => {
  const volume = (source: object): Spec => ({ pod: { volumes: [{ name: "more", ...source }] } });

  beforeAll(() =>
    eventually(
      "the policy is in force",
      async () => (await attempt({ pod: { image: "elsewhere/agent" } }, "--as=developer")) !== "",
      60_000,
    ),
  );

  it.each<[string, Spec, string]>([
    [
      "an image that is not on the list",
      { pod: { image: "docker.io/evil/agent:1" } },
      "spec.pod.image must begin with one",
    ],
    [
      "a ServiceAccount that is not on the list",
      { pod: { serviceAccountName: "admin" } },
      "serviceAccountName must be one",
    ],
    [
      "a volume of a kind that is not on the list",
      volume({ secret: { secretName: "x" } }),
      "not be of the kind secret",
    ],
    [
      "a token of its ServiceAccount",
      volume({ projected: { sources: [{ serviceAccountToken: { path: "token" } }] } }),
      "must not project a serviceAccountToken",
    ],
    [
      "a Secret inside a projected volume",
      volume({ projected: { sources: [{ secret: { name: "x" } }] } }),
      "must not project a secret",
    ],
    [
      "a claim as its workspace",
      { workspace: { trust: false, persistentVolumeClaim: { claimName: "home" } } },
      "spec.workspace must not be a persistentVolumeClaim",
    ],
    ["a workspace that is trusted", { workspace: { trust: true } }, "spec.workspace.trust must be false"],
    ["a workspace of which it says nothing", { workspace: {} }, "spec.workspace.trust must be false"],
    [
      "a label that is not on the list",
      { pod: { labels: { team: "a", app: "crawler" } } },
      "spec.pod.labels may have the keys team, example.com/*; not allowed: app",
    ],
    ["a key that only begins like one on the list", { pod: { labels: { teams: "a" } } }, "not allowed: teams"],
    [
      "an annotation where the list is empty",
      { pod: { annotations: { "k8s.v1.cni.cncf.io/networks": "other" } } },
      "spec.pod.annotations must not be set; not allowed: k8s.v1.cni.cncf.io/networks",
    ],
    ["a directory of the node", volume({ hostPath: { path: "/" } }), 'unknown field "spec.pod.volumes[0].hostPath"'],
  ])("may not choose %s", async (_, spec, words) => {
    expect(await attempt(spec, "--as=developer")).toContain(words);
  });

  it.each<[string, Spec]>([
    ["nothing of all this", {}],
    ["what is on the lists", { pod: { image: agentImage, serviceAccountName: "agents" } }],
    ["a pinned image", { pod: { image: `registry.example/agents@sha256:${"a".repeat(64)}` } }],
    ["an emptyDir", volume({ emptyDir: {} })],
    ["labels that are on the list", { pod: { labels: { team: "a", "example.com/tier": "b" } } }],
    ["no labels in a map of labels", { pod: { labels: {}, annotations: {} } }],
  ])("may choose %s", async (_, spec) => {
    expect(await attempt(spec, "--as=developer")).toBe("");
  });

  it("may not resume a run that the policy never judged, and may change what asks for nothing", async () => {
    const spec = { suspend: true, workspace: { trust: false }, pod: { image: "elsewhere/agent" } };
    await stage.create(stage.run("unjudged", [{ text: "never" }], spec));
    const patch = (change: object): Promise<string> =>
      objection(
        stage.kubectl("patch", "clauderun", "unjudged", "--type=merge", "-p", JSON.stringify(change), "--as=developer"),
      );
    expect(await patch({ spec: { suspend: false } })).toContain("spec.pod.image must begin with one");
    expect(await patch({ spec: { priority: 5 } })).toBe("");
    expect(await patch({ spec: { cancel: true } })).toBe("");
  });

  it("may not what who is exempt may", async () => {
    expect(await attempt({ pod: { image: "elsewhere/agent" } })).toBe("");
  });
});

it("the API server finds nothing doubtful in the expressions", async () => {
  expect(await expressionWarnings(policies)).toEqual([]);
});
