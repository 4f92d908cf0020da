/**
 * A fake node by kwok. Its pods run for their annotated time and end with a runner's report, so that the benchmark
 * measures Kubernetes and the operator without container starts and claude.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { stringify } from "yaml";
import type { RunReport } from "../runner/contract.ts";
import type { Client } from "./client.ts";
import { fakeNode, lastsAnnotation } from "./objects.ts";
import { start, type Program } from "./programs.ts";

/** Termination message of a short, successful run. */
const report: RunReport = {
  v: 1,
  complete: true,
  reason: "Completed",
  message: "claude gave its result.",
  result: {
    subtype: "success",
    isError: false,
    text: "Hello! What can I do for you today?",
    textBytes: 35,
    textTruncated: false,
    turns: 1,
    durationMs: 1_804,
    apiDurationMs: 1_632,
    stopReason: "end_turn",
    costUSD: "0.0123",
    usage: { inputTokens: 12, outputTokens: 24, cacheReadInputTokens: 15_000, cacheCreationInputTokens: 320 },
    models: [{ model: "claude-haiku", costUSD: "0.0123", inputTokens: 12, outputTokens: 24 }],
    permissionDenials: 0,
    exitCode: 0,
  },
  session: { id: "3f2c8a52-8c1e-4a8e-9a39-0d3f1f0b6c11" },
  log: { lines: 6, bytes: 4_212, sha256: createHash("sha256").update("bench").digest("hex") },
};

const notDeleted = { key: ".metadata.deletionTimestamp", operator: "DoesNotExist" };
const phaseIs = (...values: string[]) => ({ key: ".status.phase", operator: "In", values });

const starts = `
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ PodIPWith .spec.nodeName false .metadata.uid .metadata.name .metadata.namespace | Quote }}
conditions:
- {type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: Ready, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: ContainersReady, status: "True", lastTransitionTime: {{ $now | Quote }}}
containerStatuses:
- name: claude
  image: {{ (index .spec.containers 0).image | Quote }}
  ready: true
  restartCount: 0
  started: true
  state: {running: {startedAt: {{ $now | Quote }}}}
`;

const ends = `
{{ $now := Now }}
{{ $was := index .status.containerStatuses 0 }}
phase: Succeeded
containerStatuses:
- name: claude
  image: {{ (index .spec.containers 0).image | Quote }}
  ready: false
  restartCount: 0
  started: false
  state:
    terminated:
      exitCode: 0
      reason: Completed
      startedAt: {{ $was.state.running.startedAt | Quote }}
      finishedAt: {{ $now | Quote }}
      message: ${JSON.stringify(JSON.stringify(report))}
`;

const stages = [
  stage("pod-starts", [notDeleted, { key: ".status.podIP", operator: "DoesNotExist" }], { statusTemplate: starts }),
  stage(
    "pod-ends",
    [notDeleted, phaseIs("Running")],
    { statusTemplate: ends },
    `.metadata.annotations["${lastsAnnotation}"]`,
  ),
  stage("pod-goes", [{ key: ".metadata.deletionTimestamp", operator: "Exists" }], { delete: true }),
];

function stage(name: string, matchExpressions: object[], next: object, lasts?: string): object {
  const delay = lasts === undefined ? {} : { delay: { durationFrom: { expressionFrom: lasts } } };
  return {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name },
    spec: { resourceRef: { apiGroup: "v1", kind: "Pod" }, selector: { matchExpressions }, ...delay, next },
  };
}

const configuration = {
  apiVersion: "config.kwok.x-k8s.io/v1alpha1",
  kind: "KwokConfiguration",
  // a burst must wait for Kubernetes, not for the fake node
  options: { manageSingleNode: fakeNode, podPlayStageParallelism: 32, nodeLeaseDurationSeconds: 40 },
};

/** More than any test requests, including storage, which kwok's default node lacks. */
const capacity = { cpu: "1k", memory: "1Ti", pods: "1M", "ephemeral-storage": "1Ti" };

const node = {
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: fakeNode, labels: { [fakeNode]: "true", "kubernetes.io/os": "linux" } },
  spec: { taints: [{ key: fakeNode, value: "true", effect: "NoSchedule" }] },
  status: { allocatable: capacity, capacity: capacity },
};

/** Starts kwok and waits until its node is ready. */
export async function startFakeNode(client: Client, directory: string): Promise<Program> {
  const file = `${directory}/kwok.yaml`;
  writeFileSync(file, [configuration, ...stages].map((each) => stringify(each)).join("---\n"));
  await client.request("POST", "/api/v1/nodes", node);
  const command = ["kwok", "--kubeconfig", process.env["KUBECONFIG"] ?? "", "--config", file] as const;
  const kwok = await start("kwok", command, { logFile: `${directory}/kwok.log` });
  try {
    await waitForNode(client, directory);
    return kwok;
  } catch (error) {
    await kwok.stop();
    throw error;
  }
}

export async function removeFakeNode(client: Client): Promise<void> {
  await client.request("DELETE", `/api/v1/nodes/${fakeNode}`);
}

export function kwokVersion(): string {
  return execFileSync("kwok", ["--version"], { encoding: "utf8" }).split(" ")[2] ?? "unknown";
}

async function waitForNode(client: Client, directory: string): Promise<void> {
  const deadlineMs = Date.now() + 30_000;
  for (;;) {
    const { status } = (await client.request("GET", `/api/v1/nodes/${fakeNode}`)) as {
      status?: { conditions?: { type: string; status: string }[] };
    };
    if (status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true) return;
    if (Date.now() > deadlineMs) throw new Error(`the fake node is not ready: see ${directory}/kwok.log`);
    await wait(100);
  }
}
