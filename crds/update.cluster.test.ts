import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { objectOf } from "./testing/example.ts";
import { goodExamples } from "./testing/examples-good.ts";
import { immutableFields, mutableFields } from "./spec.ts";
import {
  isAccepted,
  dryRun,
  persisted,
  kubectl,
  testServer,
  type ServerResponse,
  type TestServer,
} from "./testing/server.ts";

/** A spec with every field except prompt, which excludes promptFrom. Suspended, in case an operator is running. */
const full: Readonly<Record<string, unknown>> = {
  ...(Object.assign({}, ...goodExamples.map(({ spec }) => ({ ...spec, pod: undefined }))) as object),
  ...{ agent: "crds-test", prompt: undefined, suspend: true, cancel: false, cancelReason: "none", priority: 1 },
  session: { resume: "s", onMissing: "StartNew" },
  promptFrom: { secretKeyRef: { name: "s", key: "k" } },
  budget: { maxCostUSD: "1" },
  claude: { model: "opus", allowedTools: ["Read"] },
  workspace: { mountPath: "/work" },
  disruptionRetries: 1,
  pod: Object.assign({}, ...goodExamples.map(({ spec }) => spec["pod"] ?? {})) as object,
};
const small = { agent: "crds-test", prompt: "Hello.", suspend: true };

/** Another valid value for each immutable field. */
const others: Readonly<Record<string, unknown>> = {
  agent: "other",
  prompt: "Bye.",
  promptFrom: { secretKeyRef: { key: "other" } },
  claude: { allowedTools: ["Read", "Edit"] },
  session: { resume: "t" },
  credentialsSecretName: "other",
  budget: { maxCostUSD: "1.0" },
  concurrencyPolicy: "Forbid",
  queueDeadlineSeconds: 61,
  startDeadlineSeconds: 2,
  activeDeadlineSeconds: 2,
  idleTimeoutSeconds: 2,
  resultGracePeriodSeconds: 2,
  backgroundGracePeriodSeconds: 2,
  sidecarGraceSeconds: 2,
  terminationGracePeriodSeconds: 2,
  disruptionRetries: 2,
  clientLeaseName: "other",
  workspace: { mountPath: "/other" },
  pod: { image: "other" },
};

/** Changes deep in pod, where a comparison without the field's type would miss them. */
const deepChanges: Readonly<Record<string, object>> = {
  "a volume's kind": { volumes: [{ name: "scratch", secret: { secretName: "s" } }] },
  "a projected source": { volumes: [{ name: "all", projected: { sources: [{ secret: { name: "t" } }] } }] },
  "the order of variables": {
    env: [
      { name: "B_1", value: "$(A)" },
      { name: "A", value: "" },
    ],
  },
  "a quantity": { resources: { limits: { memory: "1536Mi" } } },
  "a term of affinity": {
    affinity: {
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "zone", namespaces: ["x"] }] },
    },
  },
  "a capability": { containerSecurityContext: { capabilities: { add: ["SYS_ADMIN"] } } },
  "a toleration": { tolerations: [{ operator: "Exists", effect: "NoSchedule" }] },
  "a label": { labels: { team: "b" } },
  "a name server's option": { dnsConfig: { options: [{ name: "ndots", value: "2" }] } },
};

const names = {
  full: "crds-test-full",
  small: "crds-test-small",
  cancelled: "crds-test-cancelled",
  ended: "crds-test-ended",
};
const running = { phase: "Running", conditions: [], result: { turns: 1 } };
const ended = { phase: "Failed", completionTime: "2026-01-31T12:00:00Z", result: { turns: 2, costUSD: "0.5" } };
const failure = { reason: "MaxTurns", message: "It reached 2 turns.", retryable: false };

let server: TestServer;

async function removeAll(): Promise<void> {
  for (const name of Object.values(names)) await server.remove(name);
}
async function create(name: string, spec: object): Promise<void> {
  const answer = await server.create(objectOf(spec, name), persisted);
  if (!isAccepted(answer)) throw new Error(answer.body.message);
}
async function withStatus(name: string, status: object): Promise<ServerResponse> {
  return server.patch(`${name}/status`, { status }, persisted);
}
const change = (name: string, spec: object) => server.patch(name, { spec }, dryRun);

beforeAll(async () => {
  server = await testServer();
  await removeAll();
  await create(names.full, full);
  await create(names.small, small);
  await create(names.cancelled, { ...small, cancel: true });
  await create(names.ended, small);
  for (const status of [running, { ...ended, failure }]) {
    const answer = await withStatus(names.ended, status);
    if (!isAccepted(answer)) throw new Error(answer.body.message);
  }
});
afterAll(async () => {
  await removeAll();
  await server[Symbol.asyncDispose]();
});

function expectRejected(answer: ServerResponse, advice: string): void {
  expect(answer.body.message).toContain(advice);
  expect(isAccepted(answer)).toBe(false);
}

describe("immutable fields", () => {
  it("are all in the table", () => {
    expect(Object.keys(others).toSorted()).toEqual(immutableFields.toSorted());
  });
  it.each(immutableFields)("%s cannot be changed, added or removed", async (field) => {
    const advice = `${field} is immutable: create a new run`;
    const [has, lacks] = field === "prompt" ? [names.small, names.full] : [names.full, names.small];
    expectRejected(await change(has, { [field]: others[field] }), advice);
    expectRejected(await change(has, { [field]: null }), field === "agent" ? "Required value" : advice);
    if (field !== "agent") expectRejected(await change(lacks, { [field]: full[field] ?? "Hello." }), advice);
  });
  it.each(Object.entries(deepChanges))("%s of the pod cannot change", async (_title, pod) => {
    expectRejected(await change(names.full, { pod }), "pod is immutable: create a new run");
  });
  it("may be written again unchanged", async () => {
    expect((await change(names.full, { ...full, prompt: null })).status).toBe(200);
  });
});

describe("mutable fields", () => {
  const values: Readonly<Record<string, readonly unknown[]>> = {
    suspend: [false, true],
    cancel: [true],
    cancelReason: ["enough", null],
    priority: [7, null],
    podTTLSecondsAfterFinished: [60, null],
    ttlSecondsAfterFinished: [60, null],
  };
  it.each([...mutableFields])("%s may be changed, added and removed", async (field) => {
    for (const name of [names.full, names.small]) {
      for (const value of values[field] ?? []) {
        const { status, body } = await change(name, { [field]: value });
        expect(status, body.message).toBe(200);
      }
    }
    expect(values[field]).toBeDefined();
  });
  it("cancel stays true", async () => {
    expectRejected(await change(names.cancelled, { cancel: false }), "cancel must not be reset to false");
    expectRejected(await change(names.cancelled, { cancel: null }), "cancel must not be reset to false");
    expect((await change(names.cancelled, { cancelReason: "late" })).status).toBe(200);
  });
});

describe("a finished status", () => {
  const patched = (change: object) => server.patch(`${names.ended}/status`, change, dryRun);
  it.each([
    ["phase", { phase: "Running" }],
    ["phase", { phase: "Succeeded" }],
    ["phase", { phase: null }],
    ["queuedTime", { queuedTime: "2026-01-31T12:00:01Z" }],
    ["admittedTime", { admittedTime: "2026-01-31T12:00:01Z" }],
    ["startTime", { startTime: "2026-01-31T12:00:01Z" }],
    ["completionTime", { completionTime: "2026-01-31T12:00:01Z" }],
    ["completionTime", { completionTime: null }],
    ["result", { result: { turns: 3 } }],
    ["result", { result: null }],
    ["failure", { failure: { retryable: true } }],
    ["failure", { failure: null }],
  ])("keeps its %s", async (field, status) => {
    expectRejected(await patched({ status }), `${field} must not change once the run has finished`);
  });
  it("cannot be removed", async () => {
    expectRejected(await patched({ status: null }), "status.phase must not change once the run has finished");
  });
  it("may be updated with pod, log and conditions", async () => {
    const condition = {
      type: "LogsAvailable",
      status: "False",
      reason: "PodDeleted",
      message: "",
      lastTransitionTime: ended.completionTime,
    };
    const { status, body } = await patched({ status: { log: { lines: 3, complete: true }, conditions: [condition] } });
    expect(status, body.message).toBe(200);
  });
  it("rejects what does not match its schema", async () => {
    for (const status of [
      { attempt: -1 },
      { log: { sha256: "a".repeat(65) } },
      { startTime: "noon" },
      { unknown: 1 },
    ]) {
      expect(isAccepted(await patched({ status }))).toBe(false);
    }
  });
});

describe("kubectl", () => {
  it("explains every block of the spec", async () => {
    expect(await kubectl("explain", "clauderun.spec.claude")).toContain("maxTurns\t<integer>");
    expect(await kubectl("explain", "clr.spec.pod.volumes")).toContain("persistentVolumeClaim");
  });
  it("shows the columns", async () => {
    const table = await kubectl("get", "clauderuns", names.ended);
    expect(table.split("\n")[0]?.split(/\s+/)).toEqual(["NAME", "AGENT", "PHASE", "REASON", "TURNS", "COST", "AGE"]);
    // An operator that runs during this test adds the reason StatusEdited, because the status was edited by hand.
    expect(table).toMatch(/crds-test\s+Failed\s+(StatusEdited\s+)?2\s+0\.5\s/);
    const wide = await kubectl("get", "paperclip", names.ended, "-o", "wide");
    expect(wide.split("\n")[0]?.trim().split(/\s+/).slice(7)).toEqual(["QUEUE", "SESSION", "MODEL", "POD", "STARTED"]);
  });
  it("selects by agent and phase", async () => {
    const { body } = await server.list("spec.agent=crds-test,status.phase=Failed");
    expect(body["items"]).toHaveLength(1);
  });
});
