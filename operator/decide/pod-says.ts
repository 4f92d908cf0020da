/** What a run's status says of its pod: the pod itself, and the conditions that follow from it. */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import type { Pod } from "../domain.ts";
import type { Says } from "./conditions.ts";
import type { Mirror } from "./mirror.ts";
import { rfc3339 } from "./stamp.ts";

/** `status.pod`, in the pod's own words. */
export function mirroredPod(pod: Pod, waitingReason?: string): NonNullable<ClaudeRunStatus["pod"]> {
  return {
    name: pod.name,
    uid: pod.uid,
    phase: pod.phase,
    ...(pod.node === undefined ? {} : { node: pod.node }),
    ...(pod.reason === undefined ? {} : { reason: pod.reason.slice(0, 256) }),
    ...(pod.message === undefined ? {} : { message: pod.message.slice(0, 1024) }),
    ...(waitingReason === undefined ? {} : { waitingReason: waitingReason.slice(0, 256) }),
  };
}

/** How far a pod that has not ended has come. */
export function progressSays(pod: Pod, mirror: Mirror): Says[] {
  if (mirror.phase !== "Running") return scheduledSays(pod);
  const log = { reason: "ContainerRunning", message: `kubectl logs -f ${pod.name}` };
  return [
    ...scheduledSays(pod),
    { type: "Started", status: "True", reason: "ContainerRunning", message: "The container runs." },
    { type: "LogsAvailable", status: "True", ...log },
  ];
}

/** A run can be over before anybody saw it run: what its pod tells of that is said at the end. */
export function historySays(pod: Pod | undefined, startedMs: number | undefined): Says[] {
  if (pod === undefined || startedMs === undefined) return [];
  return [
    ...scheduledSays(pod),
    {
      type: "Started",
      status: "True",
      reason: "ContainerStarted",
      message: `The container started at ${rfc3339(startedMs)}.`,
    },
  ];
}

/** Whether the pod of an attempt that has ended is kept: one that was deleted takes its log with it. */
export function logSays(pod: Pod | undefined): Says {
  if (pod === undefined || pod.container.kind !== "terminated" || pod.deleting) {
    return { type: "LogsAvailable", status: "False", reason: "NoPod", message: "There is no pod to read a log from." };
  }
  const message = `kubectl logs ${pod.name} until the pod's TTL.`;
  return { type: "LogsAvailable", status: "True", reason: "PodKept", message };
}

function scheduledSays(pod: Pod): Says[] {
  if (pod.scheduled === undefined) return [];
  const { done, reason, message } = pod.scheduled;
  const on = pod.node === undefined ? "The pod has a node." : `The pod is on node ${pod.node}.`;
  return [
    {
      type: "PodScheduled",
      status: done ? "True" : "False",
      reason: reason ?? (done ? "Scheduled" : "Scheduling"),
      message: message ?? (done ? on : "The pod waits for a node."),
    },
  ];
}
