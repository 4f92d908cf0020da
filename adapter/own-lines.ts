/**
 * The adapter's own lines, told from claude's by how they begin. What becomes of a run stands on stdout, between claude's whole
 * lines: the host's page shows everything on stderr as an error. There stands what went wrong.
 */
import type { AdapterExecutionContext } from "@paperclipai/adapter-utils";

type OnLog = AdapterExecutionContext["onLog"];

export const ownPrefix = "[clauderun] ";

/** Tells the host a state of the run. */
export function tell(onLog: OnLog, sentence: string): Promise<void> {
  return onLog("stdout", `${ownPrefix}${sentence}\n`);
}

/** Tells the host what went wrong beside the run itself. */
export function warn(onLog: OnLog, sentence: string): Promise<void> {
  return onLog("stderr", `${ownPrefix}${sentence}\n`);
}
