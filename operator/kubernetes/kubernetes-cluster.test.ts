/** Tests limits of size, and ConfigMaps of other versions. The cluster tests cover the other requests. */
import type { V1ConfigMap, V1Job } from "@kubernetes/client-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseKubeconfig } from "../../kube/access.ts";
import { InvalidSpecError, OutdatedPodError } from "../errors.ts";
import type { Pod } from "../domain.ts";
import { digestOf, digestsOf } from "../plan/verified-start.ts";
import { aPod, aRun } from "../testing/builders.ts";
import { ApiServer } from "../../kube/testing/api-server.ts";
import { sendJson } from "../../kube/testing/responses.ts";
import { recordingLog } from "../testing/recording-log.ts";
import { aRun as aStoredRun } from "../testing/runs.ts";
import { Caches } from "./caches.ts";
import { ClientLeases } from "./client-leases.ts";
import { KubernetesCluster } from "./kubernetes-cluster.ts";
import { parsePod } from "./parse-pod.ts";
import { Transport } from "./transport.ts";

const defaults = { image: "agent", imagePullSecrets: [], mountPath: "/workspace" };
const times = { terminationGracePeriodSeconds: 30, podTTLSecondsAfterFinished: 600 };

let server: ApiServer;
let transport: Transport;
let cluster: KubernetesCluster;
let written: readonly Record<string, unknown>[];

beforeEach(async () => {
  server = await new ApiServer({ namespace: "team" }).listen();
  transport = new Transport(parseKubeconfig(server.kubeconfig()), { userAgent: "test/1" });
  const { log, written: lines } = recordingLog();
  const enqueue = (): void => undefined;
  const caches = new Caches({ transport, log, namespaces: [], enqueue });
  const clients = new ClientLeases({ transport, log, enqueue });
  const options = { runner: "the runner", defaults: { ...defaults, ...times }, sampleOf: () => undefined };
  cluster = new KubernetesCluster({ transport, log, caches, clients, ...options });
  written = lines;
});

afterEach(async () => {
  transport.close();
  await server.close();
});

/** Answers every GET of a single object, or of Events, with `answer`. */
function serve(what: string, answer: unknown): void {
  server.intercept = ({ method, path }, response) => {
    if (method !== "GET" || !path.includes(`/${what}`)) return false;
    sendJson(response, 200, answer);
    return true;
  };
}

const jobs = (): { text: string }[] =>
  server.requests.filter(({ method, path }) => method === "POST" && path.endsWith("/jobs"));

describe("the Job of a run", () => {
  const run = { ...aRun("fix-login"), uid: "0f6b2c1d-6e1f-4c6e-9f57-0a1b2c3d4e5f" };
  const env = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ name: `V${i}`, value: "x".repeat(32_000) }));

  it("of less than 1 MiB is created", async () => {
    const stored = aStoredRun({ pod: { env: env(30) } });
    serve("clauderuns/", stored);
    await cluster.createJob(run, 1);
    expect(jobs()).toHaveLength(1);
  });

  it("of more than 1 MiB is not created: the error has the size, the limit and the next step", async () => {
    const stored = aStoredRun({ pod: { env: env(40) } });
    serve("clauderuns/", stored);
    const size = Buffer.byteLength(JSON.stringify(stored));
    const creation = cluster.createJob(run, 1);
    await expect(creation).rejects.toThrow(InvalidSpecError);
    await expect(creation).rejects.toThrow(
      `The run has ${size} bytes of JSON, at most 1048576 are allowed: move the prompt or long values`,
    );
    expect(jobs()).toHaveLength(0);
  });

  it("inherits no annotation of another group", async () => {
    const annotations = { "example.com/notes": "x".repeat(250_000), "paperclip.io/issue": "7" };
    serve("clauderuns/", aStoredRun({}, { annotations }));
    await cluster.createJob(run, 1);
    expect(jobs()[0]?.text).toContain('"paperclip.io/issue":"7"');
    expect(jobs()[0]?.text).not.toContain("example.com/notes");
  });
});

describe("the Events about a pod", () => {
  const pod = aPod(aRun("a"));

  it("are ignored if they are too large, and the log names the pod", async () => {
    const event = { type: "Warning", reason: "FailedMount", message: "x".repeat(100_000) };
    serve("events", { kind: "EventList", items: Array.from({ length: 50 }, () => event) });
    expect(await cluster.latestWarning(pod)).toBeUndefined();
    expect(written).toContainEqual(
      expect.objectContaining({
        msg: "failed to read Events, the list is too large",
        namespace: pod.namespace,
        object: pod.name,
      }),
    );
  });

  it("are otherwise quoted, with the newest one", async () => {
    const items = ["01", "02"].map((hour) => ({
      reason: "FailedMount",
      message: `at ${hour}`,
      lastTimestamp: `2026-01-01T${hour}:00:00Z`,
    }));
    serve("events", { kind: "EventList", items });
    expect(await cluster.latestWarning(pod)).toEqual({ reason: "FailedMount", message: "at 02" });
  });
});

describe("the ConfigMap of a run", () => {
  const stored = aStoredRun();
  const run = { ...aRun("fix-login"), uid: stored.metadata.uid };

  /** The pod that the Job controller creates for the operator's Job. */
  async function podOfJob(change: (pod: string) => string = (pod) => pod): Promise<Pod> {
    serve("clauderuns/", stored);
    await cluster.createJob(run, 1);
    const { template } = (JSON.parse(change(jobs()[0]?.text ?? "")) as V1Job).spec ?? {};
    const owner = { apiVersion: "batch/v1", kind: "Job", name: "fix-login-0f6b2c1d-1", uid: "job", controller: true };
    const { labels, annotations } = template?.metadata ?? {};
    const identity = { name: "p", namespace: "team", uid: "pod", ownerReferences: [owner] };
    const pod = parsePod({ metadata: { labels, annotations, ...identity }, spec: template?.spec });
    if (pod === undefined) throw new Error("the template's pod does not parse");
    return pod;
  }

  const created = (): V1ConfigMap[] =>
    server.requests
      .filter(({ method, path }) => method === "POST" && path.endsWith("/configmaps"))
      .map(({ body }) => body as V1ConfigMap)
      .filter(({ metadata }) => metadata?.name === "fix-login-0f6b2c1d-1");

  it("has the digests that the pod of its Job requires", async () => {
    const pod = await podOfJob();
    await cluster.prepareConfigMaps(pod);
    await cluster.ensureConfigMap(pod, "run");
    expect(created()[0]?.data?.["prompt"]).toBe("Fix the login.");
    expect(pod.runDigests).toBe(JSON.stringify(digestsOf(created()[0]?.data)));
    expect(pod.runDigests).toContain(digestOf("Fix the login."));
  });

  it("of another version's pod is not created, and the pod is not admitted", async () => {
    const pod = await podOfJob((job) => job.replace(digestOf("Fix the login."), digestOf("Fix it.")));
    server.intercept = ({ method, path }, response) => {
      if (method !== "GET" || path.endsWith("/pods")) return false;
      sendJson(response, path.includes("/configmaps/") ? 404 : 200, path.includes("/clauderuns/") ? stored : {});
      return true;
    };
    await expect(cluster.prepareConfigMaps(pod)).rejects.toThrow(OutdatedPodError);
    expect(await cluster.ensureConfigMap(pod, "run")).toBe(false);
    expect(created()).toEqual([]);
  });

  it("is created for a pod without digests", async () => {
    const { runDigests, ...pod } = await podOfJob();
    expect(runDigests).toBeDefined();
    await cluster.prepareConfigMaps(pod);
    await cluster.ensureConfigMap(pod, "run");
    expect(created()[0]?.data?.["prompt"]).toBe("Fix the login.");
  });

  it("of another version's runner cannot be created again", async () => {
    const pod = { ...(await podOfJob()), runnerConfigMap: "claude-run-runner-0123456789ab" };
    expect(await cluster.ensureConfigMap(pod, "runner")).toBe(false);
    server.put("configmaps", { metadata: { name: pod.runnerConfigMap } });
    expect(await cluster.ensureConfigMap(pod, "runner")).toBe(true);
  });
});

describe("an Event about restored labels", () => {
  it("is recorded once a minute, even if a user changes a pod's labels more often", async () => {
    const run = aRun("a");
    const pod = { name: "a-pod", uid: "pod-of-a" };
    for (let time = 0; time < 3; time += 1) {
      server.put("pods", { metadata: { ...pod, labels: {} } });
      await cluster.restoreAdmittedPod(run, pod);
    }
    const events = (): unknown[] =>
      server.requests
        .filter(({ method, path }) => method === "POST" && path.endsWith("/events"))
        .map(({ body }) => body);
    await expect.poll(events).toHaveLength(1);
    expect(events()).toMatchObject([
      { type: "Warning", reason: "LabelsRestored", action: "Restore", regarding: { name: "a", uid: "uid-a" } },
    ]);
  });
});
