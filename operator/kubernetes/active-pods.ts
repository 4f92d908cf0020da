/** Lists an agent's pods for the proof of invariant 1. The size is limited, because users can set the same label. */
import { labels } from "../../crds/names.ts";
import type { Pod } from "../domain.ts";
import { AnswerTooLargeError, ClusterError } from "../errors.ts";
import { listPages, type Listed, type Page } from "./list-pages.ts";
import { parsePod } from "./parse-pod.ts";
import { collection } from "./paths.ts";
import type { Transport } from "./transport.ts";

/** Limit for one agent, because each admission costs the API server and the operator as much. */
const maxListBytes = 24 * 2 ** 20;

/**
 * Returns the agent's unfinished pods from a list that is not older than `pod`. Throws AnswerTooLargeError, which names
 * one of the pods, if they are too large together or one of them is.
 */
export async function listActivePods(transport: Transport, pod: Pod): Promise<readonly Pod[]> {
  const path = collection("pod", pod.namespace);
  const selection = {
    labelSelector: `${labels.agent}=${pod.agent}`,
    fieldSelector: "status.phase!=Succeeded,status.phase!=Failed",
  };
  try {
    const query = { ...selection, resourceVersion: pod.resourceVersion, resourceVersionMatch: "NotOlderThan" };
    const list = (await transport.request("GET", path, { query })) as { items?: readonly Listed[] } | undefined;
    if (list?.items === undefined) throw new ClusterError(`pods of ${pod.namespace} are not served`);
    return parsed(list.items);
  } catch (error) {
    if (!(error instanceof AnswerTooLargeError)) throw error;
  }
  // In pages and without a version: the newest list is not older than the pod either.
  const pods: Pod[] = [];
  let bytes = 0;
  for await (const page of listPages(transport, path, selection)) {
    bytes += page.bytes;
    if (page.tooLarge.length > 0 || bytes > maxListBytes) throw new AnswerTooLargeError(tooLargeMessage(pod, page));
    pods.push(...parsed(page.items));
  }
  return pods;
}

function parsed(items: readonly Listed[]): readonly Pod[] {
  return items.map(parsePod).filter((each) => each !== undefined);
}

/** Describes whose pods are too large. The agent's own pods have the label of a run in addition to the agent's. */
function tooLargeMessage({ namespace, agent }: Pod, { items, tooLarge }: Page): string {
  const [name] = [...tooLarge, ...items].map(({ metadata }) => metadata?.name).filter((each) => each !== undefined);
  const which = name === undefined ? "" : ` (such as ${name})`;
  return `Pods of namespace ${namespace} labelled ${labels.agent}=${agent} are too large to be listed${which}: delete those that do not belong to a run`;
}
