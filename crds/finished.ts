/** Whether a run has finished. */
import { finishedPhases } from "./status.ts";

const finished: ReadonlySet<string | undefined> = new Set(finishedPhases);

/** True once the phase is Succeeded, Failed or Cancelled, which never changes again. */
export function isFinished({ status }: { readonly status?: { readonly phase?: string } | undefined }): boolean {
  return finished.has(status?.phase);
}

interface Conditions {
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

/**
 * True if the status has the conditions of an end. A user who sets only the phase finishes a run without them; the
 * operator then adds them.
 */
export function hasFinishedCondition({ conditions = [] }: Conditions): boolean {
  return conditions.some(({ type, status }) => type === "Finished" && status === "True");
}
