/** The cluster does not take a run's Job or its pod: what may pass is waited for, what cannot ends the run at once. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { Stage, verdict } from "./stage.ts";

const names = ["refusals", "few-pods", "few-jobs", "few-maps", "small", "hooked"] as const;
type Name = (typeof names)[number];
let stages: Record<Name, Stage>;
beforeAll(async () => {
  const opened = await Promise.all(names.map((name) => Stage.open(name)));
  stages = Object.fromEntries(names.map((name, index) => [name, opened[index]])) as Record<Name, Stage>;
  await Promise.all([
    stages["few-pods"].kubectl("create", "quota", "no-pods", "--hard=pods=0"),
    stages["few-jobs"].kubectl("create", "quota", "no-jobs", "--hard=count/jobs.batch=0"),
    // One for the cluster's own certificate, one for the runner.
    stages["few-maps"].kubectl("create", "quota", "no-maps", "--hard=count/configmaps=2"),
    kubectl(["create", "-f", "-"], limitRange(stages.small.namespace)),
    kubectl(["create", "-f", "-"], { apiVersion: "v1", kind: "List", items: policies(stages.refusals.namespace) }),
    kubectl(["create", "-f", "-"], deadWebhook(stages.hooked.namespace)),
  ]);
  // Policies and webhooks take a moment to be obeyed.
  await Promise.all([
    refuses(stages.refusals, "job", "ValidatingAdmissionPolicy"),
    refuses(stages.refusals, "pod", "ValidatingAdmissionPolicy"),
    refuses(stages.hooked, "job", "failed calling webhook"),
  ]);
});
afterAll(async () => {
  await kubectl(["delete", "validatingwebhookconfiguration", hook, "--ignore-not-found"]);
  for (const kind of ["job", "pod"]) {
    await kubectl([
      "delete",
      "validatingadmissionpolicy,validatingadmissionpolicybinding",
      policy(kind),
      "--ignore-not-found",
    ]);
  }
  await Promise.all(Object.values(stages).map((stage) => stage.close()));
});

const hook = `dead-${process.pid}`;
const policy = (kind: string): string => `no-${kind}-${process.pid}`;

/** Jobs, or pods, with the label example.com/refuse=<kind> are denied. */
function policies(namespace: string): object[] {
  const kinds = [
    { kind: "job", apiGroups: ["batch"], resources: ["jobs"] },
    { kind: "pod", apiGroups: [""], resources: ["pods"] },
  ];
  return kinds.flatMap(({ kind, apiGroups, resources }) => [
    {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicy",
      metadata: { name: policy(kind) },
      spec: {
        matchConstraints: { resourceRules: [{ apiGroups, apiVersions: ["v1"], operations: ["CREATE"], resources }] },
        validations: [
          {
            expression: `!has(object.metadata.labels) || !('example.com/refuse' in object.metadata.labels) || object.metadata.labels['example.com/refuse'] != '${kind}'`,
            message: `this cluster takes no such ${kind}`,
          },
        ],
      },
    },
    {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name: policy(kind) },
      spec: {
        policyName: policy(kind),
        validationActions: ["Deny"],
        matchResources: { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } },
      },
    },
  ]);
}

function limitRange(namespace: string): object {
  return {
    apiVersion: "v1",
    kind: "LimitRange",
    metadata: { name: "small", namespace },
    spec: { limits: [{ type: "Container", max: { memory: "64Mi" } }] },
  };
}

/** Asked about every Job of the namespace, and never there. */
function deadWebhook(namespace: string): object {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: hook },
    webhooks: [
      {
        name: "dead.example.com",
        clientConfig: { url: "https://127.0.0.1:1/" },
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        rules: [{ apiGroups: ["batch"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["jobs"] }],
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        timeoutSeconds: 2,
      },
    ],
  };
}

/** Waits until the API server refuses such an object, in a dry run. */
async function refuses(stage: Stage, kind: "job" | "pod", words: string): Promise<void> {
  const container = {
    name: "c",
    image: "none",
    securityContext: {
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
  };
  const pod = { restartPolicy: "Never", containers: [container] };
  const metadata = { name: "asked", namespace: stage.namespace, labels: { "example.com/refuse": kind } };
  const asked =
    kind === "pod"
      ? { apiVersion: "v1", kind: "Pod", metadata, spec: pod }
      : { apiVersion: "batch/v1", kind: "Job", metadata, spec: { template: { spec: pod } } };
  await stage.until(`${kind}s are refused`, async () =>
    kubectl(["create", "--dry-run=server", "-f", "-"], asked).then(
      () => false,
      (error: unknown) => (error as { stderr: string }).stderr.includes(words),
    ),
  );
}

const text = [{ text: "here" }];
const soon = { startDeadlineSeconds: 15 };

function podScheduled(run: ClaudeRun): object | undefined {
  return run.status?.conditions?.find(({ type }) => type === "PodScheduled");
}

/** It never had the slot or a pod, cost nothing, and says who refused and what to do. */
async function expectRejected(stage: Stage, name: string, failure: { reason: string; message: RegExp }): Promise<void> {
  const run = await stage.ended(name);
  expect(run.status).toMatchObject({
    phase: "Failed",
    failure: { reason: failure.reason, message: expect.stringMatching(failure.message) as string },
  });
  expect(run.status?.admittedTime).toBeUndefined();
  expect(run.status?.pod).toBeUndefined();
  expect(run.status?.result).toBeUndefined();
  await stage.until(
    "its Job is gone",
    async () => (await stage.kubectl("get", "jobs", "-l", `paperclip.io/run=${name}`, "-o", "name")) === "",
  );
}

describe.concurrent("QuotaExceeded:", () => {
  it.each([
    ["few-pods", "no-pods", "pods=1"],
    ["few-jobs", "no-jobs", "count/jobs.batch=1"],
  ] as const)(
    "%s: a quota is waited for, then the run fails and the agent's next one gets its turn",
    async (name, quota, asked) => {
      const stage = stages[name];
      await stage.create(stage.run("first", text, { agent: "a", ...soon }));
      const waiting = await stage.told("first", "exceeded quota");
      expect(waiting.status?.phase).toBe("Queued");
      expect(verdict(waiting).reason).toBe("Admitting");
      expect(podScheduled(waiting)).toMatchObject({ status: "False", reason: "QuotaExceeded" });
      await stage.create(stage.run("second", text, { agent: "a" }));
      await expectRejected(stage, "first", {
        reason: "QuotaExceeded",
        message: new RegExp(`${asked}.*kubectl describe resourcequota`),
      });
      await stage.told("second", "exceeded quota");
      await stage.kubectl("delete", "quota", quota);
      const second = await stage.ended("second");
      expect(second.status?.phase).toBe("Succeeded");
      expect(podScheduled(second)).toMatchObject({ status: "True" });
    },
  );
});

it.concurrent("QuotaExceeded: no ConfigMap more, so that an admitted run's pod cannot be let go", async () => {
  const stage = stages["few-maps"];
  await stage.create(stage.run("mapless", text, { agent: "a", ...soon }));
  const waiting = await stage.told("mapless", "exceeded quota");
  expect(waiting.status?.phase).toBe("Pending");
  const { status } = await stage.ended("mapless");
  expect(status?.failure).toMatchObject({ reason: "QuotaExceeded", retryable: true });
  expect(status?.failure?.message).toContain("count/configmaps=1");
  expect(status?.pod?.uid).toBeDefined();
  await stage.kubectl("delete", "quota", "no-maps");
  await stage.create(stage.run("mapped", text, { agent: "a" }));
  expect((await stage.ended("mapped")).status?.phase).toBe("Succeeded");
});

describe.concurrent("JobCreateFailed at once, for what stays refused:", () => {
  const root = { runAsUser: 0, runAsNonRoot: false };
  const refused: readonly [title: string, where: Name, pod: object, said: RegExp][] = [
    ["a policy on Jobs", "refusals", { labels: { "example.com/refuse": "job" } }, /takes no such job/],
    ["a policy on pods", "refusals", { labels: { "example.com/refuse": "pod" } }, /takes no such pod/],
    ["Pod Security restricted", "refusals", { securityContext: root }, /violates PodSecurity "restricted/],
    [
      "a LimitRange",
      "small",
      { resources: { limits: { memory: "128Mi" } } },
      /maximum memory usage per Container is 64Mi/,
    ],
  ];
  it.each(refused)("%s", async (title, where, pod, said) => {
    const name = title.toLowerCase().replaceAll(" ", "-");
    await stages[where].create(stages[where].run(name, text, { pod }));
    await expectRejected(stages[where], name, { reason: "JobCreateFailed", message: said });
  });

  it("a foreign Job of the run's Job's name, which is left alone", async () => {
    const stage = stages.refusals;
    await stage.create(stage.run("twin", text, { suspend: true }));
    const { metadata } = await stage.shows("twin", "Suspended");
    const job = `twin-${metadata.uid.slice(0, 8)}-1`;
    await stage.kubectl("create", "job", job, "--image=localhost/no/such:image");
    await stage.change("twin", { suspend: false });
    await stage.create(stage.run("bystander", text));
    const run = await stage.ended("twin");
    expect(run.status?.failure).toMatchObject({
      reason: "JobCreateFailed",
      message: expect.stringContaining(`Job ${job} exists and does not belong to this run`) as string,
    });
    expect(await stage.kubectl("get", "job", job, "-o", "jsonpath={.metadata.deletionTimestamp}")).toBe("");
    expect((await stage.ended("bystander")).status?.phase).toBe("Succeeded");
  });
});

describe.concurrent("JobCreateFailed at the start deadline, for what may still come:", () => {
  const missing: readonly [title: string, pod: object, said: string][] = [
    ["ServiceAccount", { serviceAccountName: "nobody" }, 'serviceaccount "nobody" not found'],
    ["PriorityClass", { priorityClassName: "nope" }, "no PriorityClass with name nope"],
    ["RuntimeClass", { runtimeClassName: "nope" }, 'RuntimeClass "nope" not found'],
  ];
  it.each(missing)("a missing %s", async (title, pod, said) => {
    const name = title.toLowerCase();
    await stages.refusals.create(stages.refusals.run(name, text, { ...soon, pod }));
    const waiting = await stages.refusals.told(name, said);
    expect(waiting.status?.phase).toBe("Queued");
    await expectRejected(stages.refusals, name, { reason: "JobCreateFailed", message: new RegExp(said) });
  });
});

it.concurrent("a webhook that is down is shown, and waited for", async () => {
  const stage = stages.hooked;
  await stage.create(stage.run("hooked", text));
  expect((await stage.told("hooked", "failed calling webhook")).status?.phase).toBe("Queued");
  await kubectl(["delete", "validatingwebhookconfiguration", hook]);
  expect((await stage.ended("hooked", 120)).status?.phase).toBe("Succeeded");
});
