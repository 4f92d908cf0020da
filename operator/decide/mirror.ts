/** Maps an unfinished pod to phase, reason and message of its run. Running means that the container runs. */
import type { Pod, Run } from "../domain.ts";
import { sidecarsNext, stillRun } from "./sidecars.ts";

export interface Mirror {
  readonly phase: "Pending" | "Running";
  readonly reason: string;
  readonly message: string;
  readonly waitingReason?: string;
  readonly startedMs?: number;
}

/** Reasons of the kubelet for normal preparation. */
const preparing = new Set(["ContainerCreating", "PodInitializing"]);

/** Returns what the status shows about the pod of an admitted run. */
export function mirror(run: Run, pod: Pod): Mirror {
  const { container } = pod;
  if (container.kind === "running" && pod.nodeUnreachableSinceMs !== undefined) {
    return running(pod, "NodeNotReady", nodeUnreachable(pod, pod.nodeUnreachableSinceMs));
  }
  if (pod.stop !== undefined && container.kind === "running") {
    return running(pod, "Cancelling", pod.stop.message);
  }
  if (container.kind === "running") {
    return running(pod, "Running", `The container runs on node ${pod.node ?? "unknown"}.`);
  }
  if (container.kind === "terminated") {
    // The kubelet reports the pod's end a moment after the container's.
    const was = run.status.phase === "Running" ? "Running" : "Pending";
    return { phase: was, reason: "Ending", message: ending(pod) };
  }
  if (pod.waitsFor !== undefined && !preparing.has(pod.waitsFor.reason)) {
    const { name, reason, message } = pod.waitsFor;
    return {
      phase: "Pending",
      reason: shownReason(reason),
      message: `Init container ${name}: ${message ?? reason}`,
      waitingReason: reason,
    };
  }
  if (container.kind === "waiting" && container.reason !== undefined && !preparing.has(container.reason)) {
    const { reason, message } = container;
    return {
      phase: "Pending",
      reason: shownReason(reason),
      message: message ?? `The container waits: ${reason}.`,
      waitingReason: reason,
    };
  }
  if (pod.scheduled?.done === false && pod.scheduled.reason === "Unschedulable") {
    return { phase: "Pending", reason: "Unschedulable", message: pod.scheduled.message ?? "No node can take the pod." };
  }
  if (pod.node === undefined) return { phase: "Pending", reason: "Scheduling", message: "The pod waits for a node." };
  return { phase: "Pending", reason: "Starting", message: `Node ${pod.node} prepares the container.` };
}

/** The kubelet alternates between the two reasons. */
function shownReason(reason: string): string {
  return reason === "ErrImagePull" ? "ImagePullBackOff" : reason;
}

function ending(pod: Pod): string {
  if (pod.openContainers === undefined) return "The container has ended, and the kubelet is ending the pod.";
  return `claude has ended, but ${stillRun(pod.openContainers)}. ${sidecarsNext(pod)}`;
}

/**
 * The last known state is running, so the phase stays. The message explains what is unknown and what frees the slot.
 */
function nodeUnreachable({ node = "unknown", isDeleting, stop }: Pod, sinceMs: number): string {
  return [
    `Node ${node} has not been ready since ${new Date(sinceMs).toISOString()}: it is unknown whether the container still runs.`,
    ...(stop === undefined ? [] : [`${stop.message} The stop (${stop.reason}) waits for the node.`]),
    ...(isDeleting ? ["The pod is being deleted, and its end is not confirmed."] : []),
    `The run ${stop === undefined ? "continues" : "ends"} when the node is back. If it does not come back, delete it ` +
      `(kubectl delete node ${node}) or, once it is switched off, taint it ` +
      `(kubectl taint node ${node} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute).`,
  ].join(" ");
}

function running(pod: Pod, reason: string, message: string): Mirror {
  const { container } = pod;
  const startedMs = container.kind === "running" ? container.startedMs : undefined;
  return { phase: "Running", reason, message, ...(startedMs === undefined ? {} : { startedMs }) };
}
