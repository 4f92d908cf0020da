/**
 * Pods that left the watch before their end. They were force-deleted, or a user changed their labels. In the second
 * case neither the watch nor the slot's LIST finds them, and they continue to run (docs/decisions.md 82).
 */
import { agentKey, isTerminal, type AgentKey, type Pod } from "./domain.ts";

export class LeftPods {
  readonly #pods = new Map<string, Pod>();

  /** Records a change that the watch showed. */
  record({ before, after }: { readonly before: Pod | undefined; readonly after: Pod | undefined }): void {
    const known = after === undefined ? undefined : this.#pods.get(after.uid);
    if (known !== undefined) {
      if (known.agent === after?.agent) this.#pods.delete(known.uid);
      return;
    }
    if (before === undefined || this.#pods.has(before.uid) || isTerminal(before)) return;
    if (after?.agent === before.agent) return;
    this.#pods.set(before.uid, before);
  }

  /** The agent's left pods, as the watch showed them last. */
  ofAgent(agent: AgentKey): readonly Pod[] {
    return [...this.#pods.values()].filter((pod) => agentKey(pod.namespace, pod.agent) === agent);
  }

  /** Removes a pod once a read has shown whether it exists. */
  forget(uid: string): void {
    this.#pods.delete(uid);
  }
}
