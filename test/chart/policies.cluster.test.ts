/** The chart's policies on the real API server, bound to one namespace: what a developer with the role edit may do there. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubectl } from "../cluster/kubectl.ts";
import { Stage, type Spec } from "../e2e/stage.ts";
import { eventually } from "../eventually.ts";
import { agentImage, operatorNamespace, release } from "../install.ts";
import { render, type Rendered } from "./render.ts";
import { images } from "./value-sets.ts";

let stage: Stage;
let policies: readonly Rendered[] = [];

beforeAll(async () => {
  stage = await Stage.open("policies");
  await stage.kubectl("create", "rolebinding", "developer", "--clusterrole=edit", "--user=developer");
  await stage.kubectl("create", "rolebinding", "reader", "--clusterrole=view", "--user=reader");
  const values = {
    ...images,
    watchNamespaces: [stage.namespace],
    admissionPolicy: {
      enabled: true,
      imagePrefixes: ["localhost/claude-run/", "registry.example/agents@sha256:"],
      serviceAccounts: ["agents"],
      volumeTypes: ["emptyDir", "configMap", "projected"],
    },
  };
  // Named as the installed release, whose operator is the one that the policy of pods lets through.
  const objects = await render(values, { release, namespace: operatorNamespace });
  policies = objects.filter(({ apiVersion }) => apiVersion.startsWith("admissionregistration.k8s.io/"));
  await kubectl(["apply", "-f", "-"], { apiVersion: "v1", kind: "List", items: policies });
});
afterAll(async () => {
  await kubectl(["delete", "--ignore-not-found", "-f", "-"], { apiVersion: "v1", kind: "List", items: policies });
  await stage.close();
});

/** What the API server has against it; empty: nothing. */
function objection(answer: Promise<string>): Promise<string> {
  return answer.then(
    () => "",
    (error: unknown) => (error as { stderr?: string }).stderr ?? String(error),
  );
}

/** Creates a run, without keeping it. */
function attempt(spec: Spec, ...as: string[]): Promise<string> {
  const run = stage.run("attempt", [{ text: "never" }], { suspend: true, ...spec });
  return objection(kubectl(["create", "--dry-run=server", "-f", "-", ...as], run));
}

/** Changes a pod by a merge patch, without keeping it. */
function change(pod: string, patch: unknown, ...as: string[]): Promise<string> {
  const args = ["patch", "pod", pod, "--dry-run=server", "--type=merge", "-p", JSON.stringify(patch)];
  return objection(stage.kubectl(...args, ...as));
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
      "a claim as its workspace",
      { workspace: { persistentVolumeClaim: { claimName: "home" } } },
      "spec.workspace must not be a persistentVolumeClaim",
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
  ])("may choose %s", async (_, spec) => {
    expect(await attempt(spec, "--as=developer")).toBe("");
  });

  it("may not what who is exempt may", async () => {
    expect(await attempt({ pod: { image: "elsewhere/agent" } })).toBe("");
  });
});

it("only the operator takes label and finalizer off a run's pod", async () => {
  await stage.create(stage.run("held", [{ text: "done" }], { agent: "held" }));
  const { status } = await stage.ended("held");
  // The operator let the pod go and recorded its end with the policy in force: nobody is in its way.
  expect(status?.phase).toBe("Succeeded");

  await stage.create(stage.run("hangs", [{ hang: true }]));
  const pod = (await stage.shows("hangs", "Running")).status?.pod?.name ?? "";
  const unlabelled = { metadata: { labels: { "app.kubernetes.io/managed-by": null } } };
  const refuses = async (): Promise<boolean> => (await change(pod, unlabelled, "--as=developer")) !== "";
  await eventually("the policy is in force", refuses, 60_000);
  expect(await change(pod, unlabelled, "--as=developer")).toContain("labels on a run's pod must stay");
  expect(await change(pod, { metadata: { finalizers: null } }, "--as=developer")).toContain("record-result");
  expect(await change(pod, { metadata: { labels: { mine: "too" } } }, "--as=developer")).toBe("");
  expect(await change(pod, unlabelled)).toBe("");
});

it("the API server finds nothing doubtful in the expressions", async () => {
  const shown = await kubectl(["get", "validatingadmissionpolicies", "-o", "json"]);
  const { items } = JSON.parse(shown) as { items: { status?: { typeChecking?: { expressionWarnings?: unknown } } }[] };
  expect(items.map(({ status }) => status?.typeChecking?.expressionWarnings ?? [])).toEqual(items.map(() => []));
});
