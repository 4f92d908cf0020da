/** Lists the pods of a run's attempts. */
import type { Connection } from "../kube/connection.ts";
import { annotations, labels } from "../crds/names.ts";
import type { ClaudeRun } from "../crds/claude-run.ts";

/** The pod of one attempt. */
export interface AttemptPod {
  readonly attempt: number;
  readonly name: string;
}

/** Returns the pods that still exist, in the order of their attempts. Throws ApiError. */
export async function listAttemptPods(connection: Connection, { metadata }: ClaudeRun): Promise<AttemptPod[]> {
  const query = { labelSelector: `${labels.run}=${metadata.name}` };
  const { items } = (await connection.request("GET", `/api/v1/namespaces/${metadata.namespace}/pods`, { query })) as {
    readonly items: readonly {
      readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
    }[];
  };
  return items
    .filter((pod) => pod.metadata.annotations?.[annotations.runUid] === metadata.uid)
    .map((pod) => ({ attempt: Number(pod.metadata.annotations?.[annotations.attempt]), name: pod.metadata.name }))
    .filter(({ attempt }) => Number.isSafeInteger(attempt))
    .toSorted((a, b) => a.attempt - b.attempt);
}
