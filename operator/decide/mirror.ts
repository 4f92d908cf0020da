/** What a pod that has not ended shows, in the pod's own words: Running means that the container runs, nothing less. */
import type { Pod, Run } from "../domain.ts";

export interface Mirror {
  readonly phase: "Pending" | "Running";
  readonly reason: string;
  readonly message: string;
  readonly waitingReason?: string;
  readonly startedMs?: number;
}

/** Kubelet words that mean no more than "being prepared". */
const preparing = new Set(["ContainerCreating", "PodInitializing"]);

/** Mirrors the pod of an admitted run. */
export function mirror(run: Run, pod: Pod): Mirror {
  const { container } = pod;
  if (container.kind === "running" && pod.unheardSinceMs !== undefined) {
    return running(pod, "NodeNotReady", unheard(pod, pod.unheardSinceMs));
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
    return { phase: was, reason: "Ending", message: "The container has ended; the pod's end is awaited." };
  }
  if (container.kind === "waiting" && container.reason !== undefined && !preparing.has(container.reason)) {
    const { reason, message } = container;
    const word = reason === "ErrImagePull" ? "ImagePullBackOff" : reason;
    return {
      phase: "Pending",
      reason: word,
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

/** Its last word was that it runs: the phase stays, the reason says what that is worth, and what releases the slot. */
function unheard({ node = "unknown", deleting }: Pod, sinceMs: number): string {
  return [
    `Node ${node} has not been ready since ${new Date(sinceMs).toISOString()}: whether the container still runs is not known.`,
    ...(deleting ? ["Kubernetes has asked the pod to end, and its end is not confirmed."] : []),
    `The run goes on when the node is back. If it is gone for good, delete it (kubectl delete node ${node}) or, once it is ` +
      `switched off, taint it (kubectl taint node ${node} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute).`,
  ].join(" ");
}

function running(pod: Pod, reason: string, message: string): Mirror {
  const { container } = pod;
  const startedMs = container.kind === "running" ? container.startedMs : undefined;
  return { phase: "Running", reason, message, ...(startedMs === undefined ? {} : { startedMs }) };
}
