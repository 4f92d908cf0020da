/** Who comes first: one total order, the same for every replica that looks at the same runs and pods. */
import type { Pod, Run } from "../domain.ts";

/** Priority (higher first), then age, then name. */
export function byQueueOrder(a: Run, b: Run): number {
  return (
    b.spec.priority - a.spec.priority || a.createdMs - b.createdMs || compare(a.name, b.name) || compare(a.uid, b.uid)
  );
}

/** Which of two gated pods stays: priority, then creation, then uid; all of it fixed when the pod was made. */
export function byPodOrder(a: Pod, b: Pod): number {
  return b.priority - a.priority || a.createdMs - b.createdMs || compare(a.uid, b.uid);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
