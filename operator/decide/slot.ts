/**
 * The proof of invariant 1, as a pure function. A gated pod, which cannot run, announces that its run wants the slot;
 * the list that follows shows who else may hold it. docs/decisions.md, "One active run per agent", has the argument.
 */
import { isTerminal, isMadeByUs, outlivesClaude, type Pod, type Run } from "../domain.ts";
import { byPodOrder } from "./queue-order.ts";
import { sidecarsNext, stillRun } from "./sidecars.ts";

/** The state of the slot according to the list. */
export type SlotVerdict =
  | { readonly slot: "free" }
  /** Another pod may be running: only its confirmed end frees the slot. */
  | { readonly slot: "taken"; readonly by: Pod }
  /** Other gated pods come later in the order: they are deleted, and the list is repeated. */
  | { readonly slot: "contended"; readonly withdraw: readonly Pod[] }
  /** Another gated pod comes first in the order: this one is deleted, and created again later. */
  | { readonly slot: "behind"; readonly of: Pod };

/** The message of a run that waits for the confirmed end of another pod. */
export function notConfirmed(pod: Pod): string {
  const { name, runName, node = "no node yet" } = pod;
  if (outlivesClaude(pod) && pod.openContainers !== undefined) {
    return `Pod ${name} of run ${runName} (${node}) has not ended: ${stillRun(pod.openContainers)}. ${sidecarsNext(pod)}`;
  }
  return `Pod ${name} of run ${runName} (${node}) may still be running: the slot is free once its end is confirmed.`;
}

/** Evaluates a list of the agent's pods that is not older than `pod`, the gated pod of the candidate. */
export function evaluateSlot(pod: Pod, listed: readonly Pod[], runs: readonly Run[]): SlotVerdict {
  const rivals = listed.filter((other) => other.uid !== pod.uid && counts(other, runs));
  const ungated = rivals.find((other) => !other.isGated);
  if (ungated !== undefined) return { slot: "taken", by: ungated };
  // No operator removes the gate of a pod without a Job, so such a pod is never first.
  const first = rivals.find((other) => other.jobUid !== undefined && byPodOrder(other, pod) < 0);
  if (first !== undefined) return { slot: "behind", of: first };
  if (rivals.length > 0) return { slot: "contended", withdraw: rivals };
  return { slot: "free" };
}

/**
 * A pod counts if it is a run's pod and has not ended. A label alone is no proof: a run's pod has the gate, or the
 * finalizer with a Job or an operator's mark, or a status names its uid.
 */
function counts(pod: Pod, runs: readonly Run[]): boolean {
  if (isTerminal(pod)) return false;
  return pod.isGated || (pod.hasFinalizer && isMadeByUs(pod)) || runs.some((run) => run.status.pod?.uid === pod.uid);
}
