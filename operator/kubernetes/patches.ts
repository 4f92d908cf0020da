/** The patches of pods, and the one of a run's status. */
import { annotations, finalizer, labels, schedulingGate } from "../../crds/names.ts";
import type { Pod, Run, Stop } from "../domain.ts";
import type { Origin } from "./meta.ts";
import { managedBy } from "../names.ts";
import { ConflictError } from "../errors.ts";
import { endAtOnceSeconds, maxStopMessage, type CachedPod } from "./parse-pod.ts";
import type { PatchType } from "./transport.ts";

export interface Patch {
  readonly body: unknown;
  readonly patchType: PatchType;
}

/** Removes the gate and adds the finalizer, or neither: a pod that is being deleted accepts no finalizer. */
export function ungating(pod: CachedPod): Patch {
  const index = pod.gates.indexOf(schedulingGate);
  if (index < 0) throw new ConflictError(`pod ${pod.namespace}/${pod.name} has no gate of the operator any more`);
  const gate = `/spec/schedulingGates/${index}`;
  // Without the list (after its Job was orphaned) `add …/-` fails: then the whole list is added, to this version only.
  const finalizerOps =
    pod.finalizers.length > 0
      ? [{ op: "add", path: "/metadata/finalizers/-", value: finalizer }]
      : [
          { op: "test", path: "/metadata/resourceVersion", value: pod.resourceVersion },
          { op: "add", path: "/metadata/finalizers", value: [finalizer] },
        ];
  const body = [
    { op: "test", path: "/metadata/uid", value: pod.uid },
    { op: "test", path: `${gate}/name`, value: schedulingGate },
    ...finalizerOps,
    { op: "remove", path: gate },
    ...ungatedMark(pod),
    // Drops managedFields, which are not used and make every later write of the pod slower.
    { op: "add", path: "/metadata/managedFields", value: [{}] },
  ];
  return { body, patchType: "application/json-patch+json" };
}

/**
 * Annotates the pod with its uid, which a user who creates a pod cannot know: it proves that an operator ungated it.
 */
function ungatedMark({ uid, hasAnnotations }: CachedPod): object[] {
  const path = "/metadata/annotations";
  if (!hasAnnotations) return [{ op: "add", path, value: { [annotations.ungated]: uid } }];
  return [{ op: "add", path: `${path}/${annotations.ungated.replace("/", "~1")}`, value: uid }];
}

/** Restores the labels and annotations that identify a run's pod. */
export function restoring(of: Origin, pod: { readonly uid: string }): Patch {
  const { agent, runName, runUid, attempt } = of;
  const run = runName === "" ? {} : { [labels.run]: runName };
  const marks = runUid === "" ? {} : { [annotations.runUid]: runUid, [annotations.attempt]: String(attempt) };
  const body = {
    metadata: {
      uid: pod.uid,
      labels: { "app.kubernetes.io/managed-by": managedBy, [labels.agent]: agent, ...run },
      annotations: marks,
    },
  };
  return { body, patchType: "application/strategic-merge-patch+json" };
}

/** A strategic merge patch is idempotent, and has no race with the Job controller over the list's indexes. */
export function removingFinalizer(pod: Pod): Patch {
  const body = { metadata: { uid: pod.uid, "$deleteFromPrimitiveList/finalizers": [finalizer] } };
  return { body, patchType: "application/strategic-merge-patch+json" };
}

/**
 * Annotates the pod with the reason of its stop. With `byDeadline` the kubelet ends the pod, and keeps it with its log.
 * Without it the pod is deleted next, because its container does not run. That requires an unchanged pod, because the
 * container may have started since.
 */
export function stopping(pod: Pod, stop: Stop, { byDeadline }: { readonly byDeadline: boolean }): Patch {
  const note = JSON.stringify({ reason: stop.reason, message: stop.message.slice(0, maxStopMessage) });
  const body = {
    metadata: {
      uid: pod.uid,
      ...(byDeadline ? {} : { resourceVersion: pod.resourceVersion }),
      annotations: { [annotations.stop]: note },
    },
    ...(byDeadline ? { spec: { activeDeadlineSeconds: endAtOnceSeconds } } : {}),
  };
  return { body, patchType: "application/strategic-merge-patch+json" };
}

/** Makes the kubelet end a pod whose claude has ended, and keep it with its log. */
export function endingSidecars(pod: Pod): Patch {
  const body = {
    metadata: { uid: pod.uid, annotations: { [annotations.endSidecars]: "true" } },
    spec: { activeDeadlineSeconds: endAtOnceSeconds },
  };
  return { body, patchType: "application/strategic-merge-patch+json" };
}

/** Changes one condition of a finished run; the cache has no other conditions of it. */
export function logsUnavailable(run: Run, nowMs: number): Patch {
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
