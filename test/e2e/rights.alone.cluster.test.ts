/** Invariant 6 on the real cluster: what the operator may do, and where a secret's value never appears. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attemptName } from "../../operator/plan/names.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { operatorNamespace, release } from "../install.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("rights");
});
afterAll(() => stage.close());

const operator = `system:serviceaccount:${operatorNamespace}:${release}`;

/** "pods/log" asks for the subresource; kubectl would take it for a pod named log. */
async function may(verb: string, resource: string): Promise<string> {
  const [kind = "", subresource] = resource.split("/");
  const part = subresource === undefined ? [] : [`--subresource=${subresource}`];
  const question = ["auth", "can-i", verb, kind, ...part, "-n", stage.namespace, `--as=${operator}`];
  return (await kubectl(question).catch((error: unknown) => (error as { stdout?: string }).stdout ?? "")).trim();
}

describe.concurrent("the operator may not", () => {
  it.each([
    ["get", "secrets"],
    ["list", "secrets"],
    ["create", "pods"],
    ["create", "pods/exec"],
    ["update", "clauderuns"],
    ["patch", "jobs"],
    ["list", "configmaps"],
    ["get", "nodes"],
    ["list", "leases"],
    ["update", "leases"],
  ])("%s %s", async (verb, resource) => {
    expect(await may(verb, resource)).toBe("no");
  });
});

it("the operator may do what it does", async () => {
  expect(await may("patch", "pods")).toBe("yes");
  expect(await may("get", "pods/log")).toBe("yes");
  expect(await may("update", "clauderuns/status")).toBe("yes");
  expect(await may("get", "leases")).toBe("yes");
});

it("a secret's value stands in nothing that was made for the run, even if the agent prints it", async () => {
  const secret = "sk-test-of-a-secret-42";
  await stage.kubectl("create", "secret", "generic", "hidden", `--from-literal=ANTHROPIC_API_KEY=${secret}`);
  // Put together from two halves: the prompt itself must not hold it.
  const turns = [
    { tool: "Bash", input: { command: "echo $ANTHROPIC_API_KEY" } },
    { text: `It is ${secret.slice(0, 9)}…` },
  ];
  await stage.create(stage.run("hush", turns, { credentialsSecretName: "hidden" }));
  expect((await stage.ended("hush")).status?.phase).toBe("Succeeded");
  const made = await stage.kubectl("get", "clauderuns,jobs,pods,configmaps,events", "-o", "json");
  expect(made).not.toContain(secret);
  expect(made).not.toContain(Buffer.from(secret).toString("base64"));
});

it("a run's pod has no service account token and passes Pod Security restricted", async () => {
  const [pod] = await stage.pods("hush");
  expect(JSON.stringify(pod)).not.toContain("kube-api-access");
  expect(await kubectl(["get", "namespace", stage.namespace, "-o", "yaml"])).toContain("enforce: restricted");
});

it("a right that the operator lacks is shown, and waited for", async () => {
  const role = JSON.parse(await kubectl(["get", "clusterrole", release, "-o", "json"])) as {
    rules: { resources: string[]; verbs: string[] }[];
  };
  const rules = role.rules.map((rule) =>
    rule.resources.includes("jobs") ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== "create") } : rule,
  );
  const set = (to: object[]): Promise<string> =>
    kubectl(["patch", "clusterrole", release, "--type=merge", "-p", JSON.stringify({ rules: to })]);
  await set(rules);
  try {
    await stage.create(stage.run("no-rights", [{ text: "here" }]));
    const { status } = await stage.told("no-rights", 'cannot create resource "jobs"');
    expect(status?.conditions?.find(({ type }) => type === "PodScheduled")).toMatchObject({
      status: "False",
      reason: "JobCreateFailed",
    });
  } finally {
    await set(role.rules);
  }
  expect((await stage.ended("no-rights", 120)).status?.phase).toBe("Succeeded");
});

it("a ConfigMap that is in the way of a run's own is replaced", async () => {
  await stage.create(stage.run("blocked", [{ text: "done" }], { suspend: true }));
  const { metadata } = await stage.get("blocked");
  const name = attemptName({ name: "blocked", uid: metadata.uid }, 1);
  await stage.kubectl("create", "configmap", name, "--from-literal=config.json=not ours");
  await stage.change("blocked", { suspend: false });
  expect((await stage.ended("blocked")).status?.phase).toBe("Succeeded");
});
