/**
 * What a tenant may create by right must not take the operator from the others: large runs, foreign pods that wear our
 * labels, a queue of tens of thousands. With the chart's memory limit both replicas live on, also through a restart, and
 * a run in another namespace is served all the while.
 */
import { loadavg } from "node:os";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { loadAccess } from "../../kube/access.ts";
import { Transport } from "../../operator/kubernetes/transport.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { eventually } from "../eventually.ts";
import { operatorNamespace, release } from "../install.ts";
import { Stage } from "./stage.ts";

/** Sizes of the trial; smaller ones for a look in passing. */
const scale = Number(process.env["LARGE_OBJECTS_SCALE"] ?? 1);
/** 2 s is what it takes on an idle machine; this one may be busy with the creation of it all. */
const servedWithinMs = Number(process.env["SERVED_WITHIN_MS"] ?? 20_000);
const longMs = 1_800_000;

let tenant: Stage;
let neighbour: Stage;
let transport: Transport;
let before: string;
let served = 0;

beforeAll(async () => {
  tenant = await Stage.open("large");
  neighbour = await Stage.open("neighbour");
  transport = new Transport(loadAccess(), { userAgent: "large-objects-test" });
  before = await restarts();
});
afterEach(async () => {
  await kubectl(["delete", "namespace", tenant.namespace, "--timeout=600s"]);
  tenant = await Stage.open(`large-${(served += 1)}`);
}, longMs);
afterAll(async () => {
  transport.close();
  await neighbour.close();
  await tenant.close();
});

const replicas = ["pods", "-n", operatorNamespace, "-l", "app.kubernetes.io/component=operator"];

async function restarts(): Promise<string> {
  return kubectl(["get", ...replicas, "-o", "jsonpath={.items[*].status.containerStatuses[*].restartCount}"]);
}

/** How busy the machine is: processes that run or wait, on average over a minute. */
const load = (): string => `load ${(loadavg()[0] ?? NaN).toFixed(0)}`;

/** Creates that many objects, 16 requests at a time. */
async function create(count: number, path: string, body: (index: number) => object): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (next < count) {
        const options = { body: body((next += 1)), timeoutMs: 120_000, answer: "ignored" } as const;
        await transport.request("POST", path, options);
      }
    }),
  );
}

const runsPath = (): string => `/apis/paperclip.io/v1alpha1/namespaces/${tenant.namespace}/clauderuns`;

/** A run of the neighbour gets its first status soon; says what the replicas' memory is meanwhile. */
async function isServed(when: string): Promise<void> {
  const name = `served-${(served += 1)}`;
  await neighbour.create(neighbour.run(name, [{ text: "here" }]));
  const createdMs = performance.now();
  await eventually(
    `${name} is admitted`,
    async () => (await neighbour.get(name)).status?.admittedTime !== undefined,
    servedWithinMs,
  );
  const seconds = (performance.now() - createdMs) / 1_000;
  const sizes = await Promise.all((await names()).map(memoryMiB));
  const memory = sizes.map((size) => size.toFixed(0)).join(" and ");
  console.log(`${when}: served within ${seconds.toFixed(1)} s, replicas have ${memory} MiB, ${load()}`);
}

/** Of the replicas that stay. */
async function names(): Promise<string[]> {
  const { items } = JSON.parse(await kubectl(["get", ...replicas, "-o", "json"])) as {
    readonly items: readonly { readonly metadata: { readonly name: string; readonly deletionTimestamp?: string } }[];
  };
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.name);
}

async function memoryMiB(name: string): Promise<number> {
  const path = `/api/v1/namespaces/${operatorNamespace}/pods/${name}:8080/proxy/metrics`;
  const metrics = await kubectl(["get", "--raw", path]);
  return Number(/^process_resident_memory_bytes (\d+)$/m.exec(metrics)?.[1] ?? NaN) / 2 ** 20;
}

async function restartOperator(): Promise<void> {
  await kubectl(["-n", operatorNamespace, "rollout", "restart", `deployment/${release}`]);
  await kubectl(["-n", operatorNamespace, "rollout", "status", `deployment/${release}`, "--timeout=300s"]);
}

async function logs(): Promise<string> {
  const all = ["logs", "-n", operatorNamespace, "-l", "app.kubernetes.io/component=operator", "--tail=-1"];
  return kubectl([...all, "--prefix"]);
}

/** As many as at this scale. */
const scaled = (count: number): number => Math.ceil(count * scale);

/** No container of the operator was restarted, neither before nor after a rollout. */
async function survives(when: string): Promise<void> {
  await isServed(when);
  expect(await restarts()).toBe(before);
  await restartOperator();
  await isServed(`${when}, after a restart`);
  expect(await restarts()).toMatch(/^0( 0)*$/);
  before = await restarts();
}

it(
  "runs of 1.3 MB, and one that is too large for its Job",
  async () => {
    // Not Latin-1: every character costs two bytes of memory.
    const env = Array.from({ length: 42 }, (_, i) => ({ name: `V${i}`, value: `${"x".repeat(31_990)}€` }));
    const large = (i: number): object => {
      const run = tenant.run(`large-${i}`, [], { suspend: true });
      return { ...run, spec: { ...run.spec, pod: { env } } };
    };
    await create(scaled(150), runsPath(), large);
    await survives(`with ${scaled(150)} runs of 1.3 MB`);
    await eventually("the log names a large run", async () => /"name":"large-\d+".*object is large/.test(await logs()));
    await tenant.change("large-1", { suspend: false });
    await tenant.told("large-1", "at most 1048576 are allowed");
  },
  longMs,
);

it(
  "foreign pods of 1 MB with our labels",
  async () => {
    const labels = { "app.kubernetes.io/managed-by": "clauderun-operator", "paperclip.io/agent": "mine" };
    const annotations = { "paperclip.io/run-uid": "0", text: "x".repeat(200_000) };
    const args = Array.from({ length: 8 }, () => "x".repeat(100_000));
    const container = { name: "a", image: "none", args };
    const pod = (i: number): object => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `foreign-${i}`, namespace: tenant.namespace, labels, annotations },
      spec: { schedulingGates: [{ name: "never" }], containers: [restricted(container)] },
    });
    await create(scaled(500), `/api/v1/namespaces/${tenant.namespace}/pods`, pod);
    await survives(`with ${scaled(500)} pods of 1 MB`);
    await tenant.create(tenant.run("mine", [{ text: "here" }], { agent: "mine" }));
    if (scale >= 0.1) await tenant.told("mine", "are too large to be listed");
    else await tenant.ended("mine", 300);
  },
  longMs,
);

it(
  "one agent with 30,000 queued runs",
  async () => {
    await create(scaled(30_000), runsPath(), (i) => tenant.run(`queued-${i}`, [], { agent: "busy" }));
    await survives(`with ${scaled(30_000)} queued runs of one agent`);
  },
  longMs,
);

/** As a namespace demands it that enforces Pod Security restricted. */
function restricted(container: object): object {
  return {
    ...container,
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    },
  };
}
