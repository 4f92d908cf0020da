/**
 * Objects of the benchmark: a ClaudeRun, and as the floor a plain Job whose pod runs on the same node for the same
 * time.
 */
import { apiVersion, group, kind, plural, version } from "../crds/names.ts";
import type { ClaudeRunInput } from "../crds/claude-run.ts";

export const namespace = "bench";
export const runsPath = `/apis/${group}/${version}/namespaces/${namespace}/${plural}`;
export const jobsPath = `/apis/batch/v1/namespaces/${namespace}/jobs`;
export const podsPath = `/api/v1/namespaces/${namespace}/pods`;

/** Annotation with the time for which the fake node runs a pod. */
export const lastsAnnotation = "bench.claude-run/lasts";
/** Name of the fake node, its label and its taint: it runs all pods of the benchmark and no others. */
export const fakeNode = "bench";

const image = "localhost/claude-run/agent:dev";
const place = {
  nodeSelector: { [fakeNode]: "true" },
  tolerations: [{ key: fakeNode, operator: "Exists" as const, effect: "NoSchedule" as const }],
};

export function claudeRun(name: string, options: { agent: string; lastsMs: number }): ClaudeRunInput {
  return {
    apiVersion,
    kind,
    metadata: { name, namespace },
    spec: {
      agent: options.agent,
      prompt: "Say hello.",
      claude: { model: "haiku", allowedTools: ["Bash"] },
      pod: { ...place, annotations: { [lastsAnnotation]: `${options.lastsMs}ms` } },
    },
  };
}

export function plainJob(name: string, { lastsMs }: { lastsMs: number }): object {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace },
    spec: {
      backoffLimit: 0,
      template: {
        metadata: { annotations: { [lastsAnnotation]: `${lastsMs}ms` } },
        spec: { ...place, restartPolicy: "Never", containers: [{ name: "claude", image, command: ["true"] }] },
      },
    },
  };
}
