/** From the API server's runs and Jobs to the domain's. Whatever is not needed for deciding ends here. */
import type { ClaudeRun, ClaudeRunStatus } from "../../crds/claude-run.ts";
import type { Job, Run, RunSpec, SpecDefaults } from "../domain.ts";
import { identity, origin, pick, type Meta } from "./meta.ts";

/** A ClaudeRun; of a finished one only what keeps others from starting it again. */
export function parseRun(object: unknown, defaults: SpecDefaults = {}): Run | undefined {
  const { metadata, spec, status = {} } = object as Omit<ClaudeRun, "metadata"> & { metadata: Meta };
  // The schema requires both; an object without them was never accepted.
  if (typeof (spec as RunSpec | undefined)?.agent !== "string") return undefined;
  return {
    ...identity(metadata),
    generation: metadata.generation ?? 0,
    spec: {
      ...defaults,
      agent: spec.agent,
      ...pick(spec, [
        "cancel",
        "cancelReason",
        "suspend",
        "priority",
        "concurrencyPolicy",
        "clientLeaseName",
        "queueDeadlineSeconds",
        "startDeadlineSeconds",
        "activeDeadlineSeconds",
        "terminationGracePeriodSeconds",
        "podTTLSecondsAfterFinished",
        "ttlSecondsAfterFinished",
        "disruptionRetries",
        "workspace",
      ]),
    },
    ...endOf(status),
    status: isSettled(metadata, status)
      ? pick(status, ["phase", "attempt", "observedGeneration", "completionTime", "job", "pod"])
      : status,
  };
}

/** Finished, and stamped with the newest generation: nothing but that its log is gone will be written to it again. */
function isSettled({ generation = 0 }: Meta, status: ClaudeRunStatus): boolean {
  return isFinalPhase(status) && (status.observedGeneration ?? 0) >= generation && endOf(status).endedByHand !== true;
}

function isFinalPhase({ phase }: ClaudeRunStatus): boolean {
  return phase === "Succeeded" || phase === "Failed" || phase === "Cancelled";
}

function endOf(status: ClaudeRunStatus): Pick<Run, "endedByHand" | "logsAt"> {
  if (!isFinalPhase(status)) return {};
  const { conditions = [] } = status;
  const logsAt = conditions.findIndex(({ type, status: is }) => type === "LogsAvailable" && is === "True");
  const isSaid = conditions.some(({ type, status: is }) => type === "Finished" && is === "True");
  return { ...(logsAt < 0 ? {} : { logsAt }), ...(isSaid ? {} : { endedByHand: true }) };
}

/** A Job of ours; undefined for one that only wears our label. */
export function parseJob(object: unknown): Job | undefined {
  const { metadata, status } = object as {
    metadata: Meta;
    status?: { conditions?: readonly { type: string; status: string }[] };
  };
  const made = origin(metadata);
  if (made.agent === "" || made.runUid === "") return undefined;
  const finished = (status?.conditions ?? []).some(
    ({ type, status: is }) =>
      is === "True" &&
      (type === "Complete" || type === "Failed" || type === "SuccessCriteriaMet" || type === "FailureTarget"),
  );
  return { ...identity(metadata), ...made, finished };
}
