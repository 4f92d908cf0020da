/** Creates `status.pod` and the conditions that depend on the pod. */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import type { Pod } from "../domain.ts";
import type { ConditionUpdate } from "./conditions.ts";
import type { Mirror } from "./mirror.ts";
import { rfc3339 } from "./with-conditions.ts";

/** Returns `status.pod`. Long texts of the pod are cut. */
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

/** The conditions of an unfinished pod. */
export function progressConditions(pod: Pod, mirror: Mirror): ConditionUpdate[] {
  if (mirror.phase !== "Running") return scheduledConditions(pod);
  const log = { reason: "ContainerRunning", message: `kubectl logs -f ${pod.name}` };
  return [
    ...scheduledConditions(pod),
    { type: "Started", status: "True", reason: "ContainerRunning", message: "The container runs." },
    { type: "LogsAvailable", status: "True", ...log },
  ];
}

/** The conditions of an ended pod that the operator may never have seen running. */
export function historyConditions(pod: Pod | undefined, startedMs: number | undefined): ConditionUpdate[] {
  if (pod === undefined || startedMs === undefined) return [];
  return [
    ...scheduledConditions(pod),
    {
      type: "Started",
      status: "True",
      reason: "ContainerStarted",
      message: `The container started at ${rfc3339(startedMs)}.`,
    },
  ];
}

/** LogsAvailable after the end of an attempt: a deleted pod has no log. */
export function logCondition(pod: Pod | undefined): ConditionUpdate {
  if (pod === undefined || pod.container.kind !== "terminated" || pod.isDeleting) {
    return { type: "LogsAvailable", status: "False", reason: "NoPod", message: "There is no pod to read a log from." };
  }
  const message = `Read the log with kubectl logs ${pod.name} until the pod's TTL expires.`;
  return { type: "LogsAvailable", status: "True", reason: "PodKept", message };
}

function scheduledConditions(pod: Pod): ConditionUpdate[] {
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
