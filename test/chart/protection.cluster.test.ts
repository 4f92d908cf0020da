/** The policies that protect a run's pods, Jobs and ConfigMaps: what a developer with the role edit may do to them, and more. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubectl } from "../cluster/kubectl.ts";
import { Stage } from "../e2e/stage.ts";
import { eventually } from "../eventually.ts";
import { agentImage } from "../install.ts";
import { bindPolicies, expressionWarnings, objection, removePolicies } from "./bound-policies.ts";

let stage: Stage;
let policies: readonly string[] = [];
/** A running pod of a run, its Job, and a ConfigMap of theirs. */
let pod = "";
let job = "";
/** Objects that no run has, with the label of one, which only an exempt user can create. */
const marked = "marked";
const unmarked = "unmarked";

const developer = "--as=developer";
const runLabel = { "paperclip.io/run": "hangs" };

beforeAll(async () => {
  stage = await Stage.open("protection");
  await stage.kubectl("create", "rolebinding", "developer", "--clusterrole=edit", "--user=developer");
  const more = ["--verb=get,update,patch", "--resource=pods/status,jobs.batch/status"];
  await stage.kubectl("create", "role", "statuses", ...more);
  await stage.kubectl("create", "rolebinding", "statuses", "--role=statuses", "--user=developer");
  policies = await bindPolicies(stage.namespace, { imagePrefixes: ["localhost/"] });
  await kubectl(
    ["create", "-f", "-"],
    list([aPod(marked, runLabel), aPod(unmarked), aJob(marked, runLabel, runLabel)]),
  );
  await stage.create(stage.run("hangs", [{ hang: true }]));
  const { status } = await stage.shows("hangs", "Running");
  pod = status?.pod?.name ?? "";
  job = status?.job?.name ?? "";
  const takenOff = { metadata: { labels: { "app.kubernetes.io/managed-by": null } } };
  const isInForce = async (): Promise<boolean> =>
    (await change("pod", pod, takenOff)) !== "" &&
    (await objection(create(aJob("other", runLabel)))) !== "" &&
    (await objection(create(aConfigMap("other", runLabel)))) !== "";
  await eventually("the policies are in force", isInForce, 60_000);
});
afterAll(async () => {
  await removePolicies(policies);
  await stage.close();
});

function list(items: readonly unknown[]): unknown {
  return { apiVersion: "v1", kind: "List", items };
}

/** A pod that Pod Security admits and no node takes. */
function podSpec(): object {
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
  return {
    restartPolicy: "Never",
    schedulingGates: [{ name: "paperclip.io/slot" }, { name: "example.com/never" }],
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
    containers: [{ name: "claude", image: agentImage, securityContext }],
  };
}

function aPod(name: string, labels: object = {}): object {
  return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: stage.namespace, labels }, spec: podSpec() };
}

/** Suspended: its template can change, as Kueue changes it. */
function aJob(name: string, labels: object = {}, template: object = {}): object {
  const spec = { suspend: true, template: { metadata: { labels: template }, spec: podSpec() } };
  return { apiVersion: "batch/v1", kind: "Job", metadata: { name, namespace: stage.namespace, labels }, spec };
}

function aConfigMap(name: string, labels: object = {}): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: stage.namespace, labels }, data: {} };
}

/** Creates an object, without keeping it. */
function create(object: object): Promise<string> {
  return kubectl(["create", "--dry-run=server", "-f", "-", developer], object);
}

/** Changes an object by a merge patch, without keeping it. */
function change(kind: string, name: string, patch: unknown, ...more: string[]): Promise<string> {
  const args = ["patch", kind, name, "--dry-run=server", "--type=merge", "-p", JSON.stringify(patch)];
  return objection(stage.kubectl(...args, ...(more.length === 0 ? [developer] : more)));
}

const label = (key: string, value: string | null): object => ({ metadata: { labels: { [key]: value } } });
const annotation = (key: string, value: string | null): object => ({ metadata: { annotations: { [key]: value } } });
const inTemplate = (metadata: object): object => ({ spec: { template: metadata } });
const status = ["--subresource=status", developer];
const managedBy = { "app.kubernetes.io/managed-by": "clauderun-operator" };
const onlyJobController = "only the Job controller may create pods with the labels of a run";
const onlyOperatorJobs = "only the operator may create Jobs with the labels of a run";
const onlyOperatorMaps = "only the operator may create ConfigMaps named claude-run-runner-";

describe("only the operator creates", () => {
  it.each<[string, () => object, string]>([
    ["a pod with the label of an agent", () => aPod("a", { "paperclip.io/agent": "a" }), onlyJobController],
    ["a pod with the label of a run", () => aPod("a", runLabel), onlyJobController],
    ["a pod with the label that the watches select", () => aPod("a", managedBy), onlyJobController],
    ["a Job with the label of an agent", () => aJob("a", { "paperclip.io/agent": "a" }), onlyOperatorJobs],
    ["a Job with the label that the watches select", () => aJob("a", managedBy), onlyOperatorJobs],
    ["a Job whose pod has the label of a run", () => aJob("a", {}, runLabel), onlyOperatorJobs],
    ["a Job whose pod has the label that the watches select", () => aJob("a", {}, managedBy), onlyOperatorJobs],
    ["a ConfigMap with the label of a run", () => aConfigMap("a", runLabel), onlyOperatorMaps],
    ["a ConfigMap with the name of a runner's", () => aConfigMap("claude-run-runner-0123456789ab"), onlyOperatorMaps],
  ])("%s", async (_, object, words) => {
    expect(await objection(create(object()))).toContain(words);
  });

  it.each<[string, () => object]>([
    ["a pod", () => aPod("a", { app: "a" })],
    ["a Job", () => aJob("a", { app: "a" }, { app: "a" })],
    ["a ConfigMap", () => aConfigMap("claude-run-runner-notes", { app: "a" })],
  ])("but anybody with that right %s without them", async (_, object) => {
    expect(await objection(create(object()))).toBe("");
  });
});

const labelsStay = "the operator's labels on a run's pod must stay";
const annotationsStay = "the operator's annotations on a run's pod must stay";
const onlyKubelet = "only the kubelet and Kubernetes' controllers may write";
const ready = { name: "claude", image: agentImage, imageID: "", ready: false, restartCount: 0 };
const ended = { ...ready, state: { terminated: { exitCode: 0, message: "forged" } } };

describe("of a run's pod only the operator changes", () => {
  it.each<[string, object, string]>([
    ["the label that the watches select", label("app.kubernetes.io/managed-by", null), labelsStay],
    ["the label of the agent", label("paperclip.io/agent", "another"), labelsStay],
    ["the label of the run", label("paperclip.io/run", null), labelsStay],
    ["the uid of the run", annotation("paperclip.io/run-uid", null), annotationsStay],
    ["the attempt", annotation("paperclip.io/attempt", "7"), annotationsStay],
    ["the mark of the operator that ungated it", annotation("paperclip.io/ungated", null), annotationsStay],
    ["why it is stopped", annotation("paperclip.io/stop", "{}"), annotationsStay],
    ["the finalizer", { metadata: { finalizers: null } }, "only the operator may add or remove the finalizer"],
    ["the owner", { metadata: { ownerReferences: null } }, "the ownerReferences of a run's pod must stay"],
  ])("%s", async (_, patch, words) => {
    expect(await change("pod", pod, patch)).toContain(words);
  });

  it.each<[string, object, string]>([
    ["the label of the agent", label("paperclip.io/agent", "another"), labelsStay],
    ["the uid of the run", annotation("paperclip.io/run-uid", null), annotationsStay],
    ["the phase", { status: { phase: "Failed" } }, onlyKubelet],
    ["what its container reported", { status: { containerStatuses: [ended] } }, onlyKubelet],
    [
      "that it was evicted",
      { status: { conditions: [{ type: "DisruptionTarget", status: "True", reason: "EvictionByEvictionAPI" }] } },
      "only Kubernetes' controllers may write the condition DisruptionTarget",
    ],
  ])("by a write of its status %s", async (_, patch, words) => {
    expect(await change("pod", pod, patch, ...status)).toContain(words);
  });

  it("its image", async () => {
    const json = JSON.stringify([{ op: "replace", path: "/spec/containers/0/image", value: "elsewhere/agent:1" }]);
    const args = ["patch", "pod", pod, "--dry-run=server", "--type=json", "-p", json, developer];
    expect(await objection(stage.kubectl(...args))).toContain("the images of a run's pod must stay");
  });

  it("its gate", async () => {
    const patch = { spec: { schedulingGates: [{ name: "example.com/never" }] } };
    expect(await change("pod", marked, patch)).toContain(
      "only the operator may remove the scheduling gate paperclip.io/slot",
    );
    expect(await change("pod", unmarked, patch)).toBe("");
  });

  it("what makes a pod one of a run's", async () => {
    expect(await change("pod", unmarked, label("paperclip.io/agent", "hangs"))).toContain(labelsStay);
    expect(await change("pod", unmarked, label("app.kubernetes.io/managed-by", "clauderun-operator"))).toContain(
      labelsStay,
    );
  });

  it.each<[string, object, string[]]>([
    ["labels of the developer's own", label("mine", "too"), [developer]],
    ["a condition of another kind", { status: { conditions: [{ type: "example.com/ok", status: "True" }] } }, status],
    [
      "the same, as an exempt user",
      label("app.kubernetes.io/managed-by", null),
      ["--as=admin", "--as-group=system:masters"],
    ],
    [
      "the finalizer, in the group of kubeadm's administrators",
      { metadata: { finalizers: null } },
      [developer, "--as-group=kubeadm:cluster-admins"],
    ],
  ])("but anybody with that right %s", async (_, patch, as) => {
    expect(await change("pod", pod, patch, ...as)).toBe("");
  });
});

describe("of a run's Job only the operator changes", () => {
  it.each<[string, object, string]>([
    [
      "the label that the watches select",
      label("app.kubernetes.io/managed-by", null),
      "labels on a run's Job must stay",
    ],
    ["the attempt", annotation("paperclip.io/attempt", "7"), "annotations on a run's Job must stay"],
    ["the owner", { metadata: { ownerReferences: null } }, "the ownerReferences of a run's Job must stay"],
  ])("%s", async (_, patch, words) => {
    expect(await change("job", job, patch)).toContain(words);
  });

  it.each<[string, object, string]>([
    ["labels", inTemplate(label("paperclip.io/run", "another")), "labels in the template of a run's Job must stay"],
    [
      "annotations",
      inTemplate(annotation("paperclip.io/run-uid", "another")),
      "annotations in the template of a run's Job must stay",
    ],
    ["gate", { spec: { template: { spec: { schedulingGates: [{ name: "example.com/never" }] } } } }, "the gate"],
  ])("the %s of its pod", async (_, patch, words) => {
    expect(await change("job", marked, patch)).toContain(words);
  });

  it("its status", async () => {
    const words = "only the Job controller may write the status of a run's Job";
    expect(await change("job", job, { status: { failed: 7 } }, ...status)).toContain(words);
  });

  it.each<[string, object]>([
    ["suspend", { spec: { suspend: true } }],
    ["parallelism", { spec: { parallelism: 0 } }],
    ["activeDeadlineSeconds", { spec: { activeDeadlineSeconds: 600 } }],
    ["labels of the developer's own", label("mine", "too")],
  ])("but anybody with that right %s", async (_, patch) => {
    expect(await change("job", job, patch)).toBe("");
  });

  it("but anybody with that right, such as Kueue, where its pod runs, and resumes it", async () => {
    const template = { metadata: { labels: { queue: "a" } }, spec: { nodeSelector: { pool: "a" } } };
    expect(await change("job", marked, { spec: { suspend: false, template } })).toBe("");
  });
});

describe("of a run's ConfigMaps only the operator", () => {
  it.each<[string, (name: string) => string[]]>([
    ["changes the labels", (name) => ["label", "configmap", name, "paperclip.io/run-"]],
    ["adds labels", (name) => ["label", "configmap", name, "mine=too"]],
    ["deletes one", (name) => ["delete", "configmap", name]],
  ])("%s", async (_, verb) => {
    const runner = await stage.kubectl("get", "configmaps", "-o", "name");
    const name = /claude-run-runner-\w+/.exec(runner)?.[0] ?? "";
    for (const each of [job, name]) {
      const answer = objection(stage.kubectl(...verb(each), "--dry-run=server", developer));
      expect(await answer).toContain("only the operator may change or delete the ConfigMaps of runs");
    }
  });
});

it("a run ends with the policies in force, and what it had is collected when a developer deletes it", async () => {
  await stage.create(stage.run("all", [{ text: "done" }]));
  const { status: end } = await stage.ended("all");
  expect(end?.phase).toBe("Succeeded");
  const name = end?.job?.name ?? "";
  await stage.kubectl("delete", "clauderun", "all", developer);
  const left = async (): Promise<boolean> =>
    (await stage.kubectl("get", "jobs,pods,configmaps", "-o", "name")).includes(name);
  await eventually("Job, pod and ConfigMap of the run are gone", async () => !(await left()), 120_000);
});

it("a developer who deletes a Job with --cascade=orphan leaves its pod and ConfigMap without an owner", async () => {
  await stage.create(stage.run("orphaned", [{ text: "done" }]));
  const { status: end } = await stage.ended("orphaned");
  const name = end?.job?.name ?? "";
  await stage.kubectl("delete", "job", name, "--cascade=orphan", developer);
  const query = [
    "get",
    `pod/${end?.pod?.name ?? ""}`,
    `configmap/${name}`,
    "-o",
    "jsonpath={.items[*].metadata.ownerReferences}",
  ];
  await eventually("they have no owner", async () => (await stage.kubectl(...query)) === "", 120_000);
});

it("the API server finds nothing doubtful in the expressions", async () => {
  expect(await expressionWarnings(policies)).toEqual([]);
});
