/** The three patches that pods of ours ever get, and the one of a run's status. */
import { annotations, finalizer, schedulingGate } from "../../crds/names.ts";
import type { Pod, Run, Stop } from "../domain.ts";
import { ConflictError } from "../errors.ts";
import { maxStopMessage, type CachedPod } from "./parse-pod.ts";
import type { PatchType } from "./transport.ts";

export interface Patch {
  readonly body: unknown;
  readonly patchType: PatchType;
}

/** Gate off and finalizer on, or neither: a pod that is being deleted takes no finalizer, and so keeps its gate. */
export function ungating(pod: CachedPod): Patch {
  const index = pod.gates.indexOf(schedulingGate);
  if (index < 0) throw new ConflictError(`pod ${pod.namespace}/${pod.name} has no gate of ours any more`);
  const gate = `/spec/schedulingGates/${index}`;
  // Where the list is gone (the Job was orphaned) `add …/-` fails: then the whole list is added, to this version only.
  const hold =
    pod.finalizers.length > 0
      ? [{ op: "add", path: "/metadata/finalizers/-", value: finalizer }]
      : [
          { op: "test", path: "/metadata/resourceVersion", value: pod.resourceVersion },
          { op: "add", path: "/metadata/finalizers", value: [finalizer] },
        ];
  const body = [
    { op: "test", path: "/metadata/uid", value: pod.uid },
    { op: "test", path: `${gate}/name`, value: schedulingGate },
    ...hold,
    { op: "remove", path: gate },
    // Who owns which field of a pod interests nobody: without the book of it every later write of the pod is cheaper.
    { op: "add", path: "/metadata/managedFields", value: [{}] },
  ];
  return { body, patchType: "application/json-patch+json" };
}

/** By strategic merge: harmless twice, and no race with the Job controller over the list's indexes. */
export function releasing(pod: Pod): Patch {
  const body = { metadata: { uid: pod.uid, "$deleteFromPrimitiveList/finalizers": [finalizer] } };
  return { body, patchType: "application/strategic-merge-patch+json" };
}

/** Says on the pod why it is ended; with `byDeadline` the kubelet ends it, and keeps pod and log. */
export function stopping(pod: Pod, stop: Stop, { byDeadline }: { readonly byDeadline: boolean }): Patch {
  const note = JSON.stringify({ reason: stop.reason, message: stop.message.slice(0, maxStopMessage) });
  const body = {
    metadata: { uid: pod.uid, annotations: { [annotations.stop]: note } },
    ...(byDeadline ? { spec: { activeDeadlineSeconds: 1 } } : {}),
  };
  return { body, patchType: "application/strategic-merge-patch+json" };
}

/** One condition of a finished run, of which nothing else is known or may change. */
export function logsGone(run: Run, nowMs: number): Patch {
  const condition = `/status/conditions/${run.logsAt ?? 0}`;
  const body = [
    { op: "test", path: "/metadata/uid", value: run.uid },
    { op: "test", path: `${condition}/type`, value: "LogsAvailable" },
    { op: "test", path: `${condition}/status`, value: "True" },
    { op: "replace", path: `${condition}/status`, value: "False" },
    { op: "replace", path: `${condition}/reason`, value: "PodGone" },
    { op: "replace", path: `${condition}/message`, value: "The pod was deleted, and its log with it." },
    { op: "replace", path: `${condition}/lastTransitionTime`, value: new Date(nowMs).toISOString() },
  ];
  return { body, patchType: "application/json-patch+json" };
}
