/** The wrong thing, tried for real: a clear rejection, or a clear condition and a clear end. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubectl } from "../cluster/kubectl.ts";
import { failureReasons, type FailureReason } from "../../crds/reasons.ts";
import { agentImage } from "../install.ts";
import { Stage, type Spec } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open("bad-input");
  await kubectl(["create", "-f", "-"], {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "unbound", namespace: stage.namespace },
    spec: { accessModes: ["ReadWriteOnce"], storageClassName: "", resources: { requests: { storage: "1Gi" } } },
  });
});
afterAll(() => stage.close());

const text = [{ text: "never" }];
/** Long enough to be seen waiting on a busy machine. */
const soon = { startDeadlineSeconds: 20 };

describe.concurrent("is refused at once, with advice:", () => {
  const refused: readonly [name: string, spec: object, advice: string][] = [
    ["an unknown field", { prompts: "hello" }, 'unknown field "spec.prompts"'],
    ["no prompt at all", { prompt: null }, "must set exactly one of prompt, promptFrom"],
    ["a prompt too long", { prompt: "é".repeat(40_000) }, "must be at most 64 KiB of UTF-8"],
    ["a flag that the operator owns", { claude: { extraArgs: ["--output-format=json"] } }, "--output-format"],
    ["an agent that is no label", { agent: "My Agent" }, "spec.agent"],
  ];
  it.each(refused)("%s", async (_, spec, advice) => {
    const run = stage.run("refused", text);
    expect(await stage.rejection({ ...run, spec: { ...run.spec, ...spec } })).toContain(advice);
  });
});

type Row = readonly [name: string, spec: Spec, shown: string, failure: string, said: string];

const startFailures: readonly Row[] = [
  [
    "no-secret",
    { credentialsSecretName: "no-such-secret" },
    "CreateContainerConfigError",
    "ContainerStartFailed",
    'secret "no-such-secret" not found',
  ],
  [
    "no-secret-key",
    { pod: { env: [{ name: "X", valueFrom: { secretKeyRef: { name: "anthropic", key: "nope" } } }] } },
    "CreateContainerConfigError",
    "ContainerStartFailed",
    "couldn't find key nope in Secret",
  ],
  [
    "no-configmap",
    { pod: { envFrom: [{ configMapRef: { name: "no-such-map" } }] } },
    "CreateContainerConfigError",
    "ContainerStartFailed",
    'configmap "no-such-map" not found',
  ],
  [
    "no-prompt",
    { promptFrom: { secretKeyRef: { name: "no-such-prompt", key: "p" } } },
    "FailedMount",
    "ContainerStartFailed",
    "no-such-prompt",
  ],
  [
    "no-image",
    { pod: { image: "localhost/no/such:image" } },
    "ImagePullBackOff",
    "ImagePullFailed",
    "localhost/no/such:image",
  ],
  [
    "no-image-name",
    { pod: { image: "localhost/UPPER/case:x" } },
    "InvalidImageName",
    "ImagePullFailed",
    "localhost/UPPER/case:x",
  ],
  [
    "no-pull",
    { pod: { image: "localhost/no/such:image", imagePullPolicy: "Never" } },
    "ErrImageNeverPull",
    "ImagePullFailed",
    "localhost/no/such:image",
  ],
  ["no-node", { pod: { nodeSelector: { "no-such": "node" } } }, "Unschedulable", "Unschedulable", "node affinity"],
  [
    "no-memory",
    { pod: { resources: { requests: { memory: "9Ti" } } } },
    "Unschedulable",
    "Unschedulable",
    "Insufficient memory",
  ],
  [
    "no-claim",
    { workspace: { persistentVolumeClaim: { claimName: "no-such-claim" } } },
    "Unschedulable",
    "Unschedulable",
    '"no-such-claim" not found',
  ],
  [
    "no-volume",
    { workspace: { persistentVolumeClaim: { claimName: "unbound" } } },
    "Unschedulable",
    "Unschedulable",
    "unbound immediate PersistentVolumeClaims",
  ],
];

/** A pod of nobody's run. */
function silentServer(script: string): object {
  const container = {
    name: "server",
    image: agentImage,
    imagePullPolicy: "IfNotPresent",
    command: ["node", "-e", script],
    // A container that runs may not listen yet, and a refused connection is another failure than silence.
    readinessProbe: { tcpSocket: { port: 5000 }, periodSeconds: 1 },
    securityContext: {
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
  };
  const metadata = { name: "silent", namespace: stage.namespace };
  return { apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [container] } };
}

describe.concurrent("is shown as what it is, and fails with what to do:", () => {
  it.each(startFailures)("%s: %j is shown as %s and ends as %s", async (name, spec, shown, reason, said) => {
    await stage.create(stage.run(name, text, { ...soon, ...spec }));
    const waiting = await stage.shows(name, shown);
    expect(waiting.status?.phase).toBe("Pending");
    // Perhaps not its first word: a busy kubelet says first that it could not look yet.
    await stage.told(name, said);
    const { status } = await stage.ended(name);
    expect(status?.failure).toMatchObject({ reason, message: expect.stringContaining(said) as string });
    expect(status?.failure?.message).toContain(failureReasons[reason as FailureReason].whatToDo);
    expect(status?.pod).toMatchObject({ uid: waiting.status?.pod?.uid ?? "?" });
    expect(status?.result).toBeUndefined();
    await stage.until("its pod is gone", async () => (await stage.pods(name)).length === 0);
  });

  it("an image without node", async () => {
    const env = [{ name: "PATH", value: "/nowhere" }];
    await stage.create(stage.run("no-runner", text, { pod: { env } }));
    const run = await stage.ended("no-runner");
    expect(run.status?.failure?.reason).toBe("RunnerMissing");
  });

  it("an image without claude", async () => {
    const image = "localhost/claude-run/fake-api:dev";
    await stage.create(stage.run("no-claude", text, { pod: { image } }));
    expect((await stage.ended("no-claude")).status?.failure?.reason).toBe("ClaudeMissing");
  });

  it("a registry that never answers: StartDeadlineExceeded, as Kubernetes names no cause", async () => {
    const listen = `require("net").createServer(() => undefined).listen(5000)`;
    await kubectl(["create", "-f", "-"], silentServer(listen));
    await stage.kubectl("wait", "pod/silent", "--for=condition=Ready", "--timeout=180s");
    const address = await stage.kubectl("get", "pod", "silent", "-o", "jsonpath={.status.podIP}");
    await stage.create(stage.run("silence", text, { startDeadlineSeconds: 6, pod: { image: `${address}:5000/x:y` } }));
    const { status } = await stage.ended("silence");
    expect(status?.failure).toMatchObject({ reason: "StartDeadlineExceeded", retryable: true });
    expect(status?.failure?.message).toContain("kubectl events --for pod/NAME");
    expect(status?.pod?.node).toBeDefined();
  });

  it("a queue in which nothing moves: QueueDeadlineExceeded", async () => {
    await stage.create(stage.run("holds", [{ hang: true }], { agent: "held" }));
    await stage.shows("holds", "Running");
    await stage.create(stage.run("waits", text, { agent: "held", queueDeadlineSeconds: 3 }));
    const { status } = await stage.ended("waits");
    expect(status?.failure).toMatchObject({ reason: "QueueDeadlineExceeded", retryable: true });
    expect(status?.failure?.message).toContain("It waited 3 s.");
    expect(await stage.pods("waits")).toEqual([]);
    expect((await stage.get("holds")).status?.phase).toBe("Running");
  });
});
