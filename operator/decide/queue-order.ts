/** Total orders of runs and of pods, which are the same on every replica. */
import type { Pod, Run } from "../domain.ts";

/** Orders by priority (higher first), then age, then name. */
export function byQueueOrder(a: Run, b: Run): number {
  return (
    b.spec.priority - a.spec.priority || a.createdMs - b.createdMs || compare(a.name, b.name) || compare(a.uid, b.uid)
  );
}

/** Orders gated pods: the first one stays. Priority, creation and uid do not change after the pod's creation. */
export function byPodOrder(a: Pod, b: Pod): number {
  return b.priority - a.priority || a.createdMs - b.createdMs || compare(a.uid, b.uid);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
