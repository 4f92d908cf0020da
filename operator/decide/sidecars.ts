/**
 * Containers that webhooks or controllers injected into a run's pod. They may outlive claude for `sidecarGraceSeconds`.
 * The result does not wait for them, but the slot, the next attempt and the pod's finalizer do (docs/decisions.md 50).
 */
import { outlivesClaude, type Pod, type Run } from "../domain.ts";
import type { Report } from "./report.ts";

/**
 * When the operator makes the kubelet end the pod, in milliseconds since the epoch; undefined if that is not needed.
 */
export function sidecarsEndMs(run: Run, pod: Pod): number | undefined {
  if (!outlivesClaude(pod) || pod.isDeleting || pod.stop !== undefined || pod.isEndingSidecars === true)
    return undefined;
  const { container } = pod;
  const endedMs = container.kind === "terminated" ? container.finishedMs : undefined;
  return (endedMs ?? pod.createdMs) + run.spec.sidecarGraceSeconds * 1000;
}

/**
 * True if the pod's end cannot change the outcome: claude's report is complete. If a signal ended claude, its sender
 * must be known.
 */
export function isOutcomeKnown(pod: Pod, report: Report | undefined): boolean {
  if (report?.complete !== true || pod.openContainers === undefined) return false;
  return report.stop?.cause !== "Signal" || pod.stop !== undefined;
}

/** The part of a message that names the containers that still run. */
export function stillRun(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
  return names.length === 1 ? `container ${shown} has not ended` : `containers ${shown}${more} have not ended`;
}

/** The sentence about the end of these containers. */
export function sidecarsNext(pod: Pod): string {
  return pod.isDeleting || pod.stop !== undefined || pod.isEndingSidecars === true
    ? "The kubelet is ending the pod."
    : "The operator ends the pod when spec.sidecarGraceSeconds of its run have passed.";
}
