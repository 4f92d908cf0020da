/**
 * The proof of invariant 1, as a pure function: a pod that exists and cannot run (it is gated) is the flag that is
 * raised; the list taken after it is the look. docs/decisions.md, "One active run per agent", has the argument.
 */
import { hasEnded, type Pod, type Run } from "../domain.ts";
import { byPodOrder } from "./queue-order.ts";

/** What the list says of the slot. */
export type SlotVerdict =
  | { readonly slot: "free" }
  /** Another pod may be running: nothing but its confirmed end frees the slot. */
  | { readonly slot: "taken"; readonly by: Pod }
  /** Other gated pods come later: they are withdrawn, and the look is repeated. */
  | { readonly slot: "contended"; readonly withdraw: readonly Pod[] }
  /** Another gated pod comes first: ours is withdrawn and made again later. */
  | { readonly slot: "behind"; readonly of: Pod };

/** What a run says that waits for the confirmed end of another's pod. */
export function notConfirmed({ name, runName, node = "no node yet" }: Pod): string {
  return `Pod ${name} of run ${runName} (${node}) may still be running: the slot is free once its end is confirmed.`;
}

/** Judges a list of the agent's pods that is no older than `pod`, the gated one that asks for the slot. */
export function judgeSlot(pod: Pod, listed: readonly Pod[], runs: readonly Run[]): SlotVerdict {
  const rivals = listed.filter((other) => other.uid !== pod.uid && counts(other, runs));
  const ungated = rivals.find((other) => !other.gated);
  if (ungated !== undefined) return { slot: "taken", by: ungated };
  const first = rivals.find((other) => byPodOrder(other, pod) < 0);
  if (first !== undefined) return { slot: "behind", of: first };
  if (rivals.length > 0) return { slot: "contended", withdraw: rivals };
  return { slot: "free" };
}

/**
 * A pod counts if it is ours and not confirmed over. Somebody else's pod with our label is not ours: ours has the
 * gate, the finalizer, or its uid stands in a status.
 */
function counts(pod: Pod, runs: readonly Run[]): boolean {
  if (hasEnded(pod)) return false;
  return pod.gated || pod.held || runs.some((run) => run.status.pod?.uid === pod.uid);
}
