/** The pods of a run's attempts. */
import type { Connection } from "../../adapter/kubernetes/connection.ts";
import { annotations, labels } from "../../crds/names.ts";
import type { ClaudeRun } from "../../crds/claude-run.ts";

/** One attempt's pod, as far as it still exists. */
export interface AttemptPod {
  readonly attempt: number;
  readonly name: string;
}

/** In order of the attempts; those that are gone are left out. Throws ApiError. */
export async function attemptPods(connection: Connection, { metadata }: ClaudeRun): Promise<AttemptPod[]> {
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
