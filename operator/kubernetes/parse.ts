/** Parses the API server's runs and Jobs into the domain's, without the fields that decisions do not need. */
import type { ClaudeRun, ClaudeRunStatus } from "../../crds/claude-run.ts";
import { apiVersion, kind } from "../../crds/names.ts";
import { operatorDefaults } from "../../crds/spec.ts";
import { hasFinishedCondition, isFinished } from "../../crds/finished.ts";
import { type Job, type Run, type RunSpec, type SpecDefaults } from "../domain.ts";
import { attemptName } from "../plan/names.ts";
import { identity, origin, pick, type Meta } from "./meta.ts";
import { runnerConfigMapIn, type RawVolume } from "./runner-volume.ts";

/** Parses a ClaudeRun. Of a settled one only the fields are kept that prevent a second start. */
export function parseRun(object: unknown, defaults: SpecDefaults = {}): Run | undefined {
  const { metadata, spec, status = {} } = object as Omit<ClaudeRun, "metadata"> & { metadata: Meta };
  // The schema requires spec and agent, so such an object was never accepted.
  if (typeof (spec as RunSpec | undefined)?.agent !== "string") return undefined;
  return {
    kind: "run",
    ...identity(metadata),
    generation: metadata.generation ?? 0,
    spec: {
      ...defaults,
      agent: spec.agent,
      ...pick(operatorDefaults, ["sidecarGraceSeconds"]),
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
        "sidecarGraceSeconds",
        "workspace",
      ]),
    },
    ...endOf(status),
    status: isSettled(metadata, status)
      ? pick(status, ["phase", "attempt", "observedGeneration", "completionTime", "job", "pod"])
      : status,
  };
}

/** True if the run is finished with the newest generation: only its LogsAvailable condition may still change. */
function isSettled({ generation = 0 }: Meta, status: ClaudeRunStatus): boolean {
  return (
    isFinished({ status }) && (status.observedGeneration ?? 0) >= generation && endOf(status).isFinishedByHand !== true
  );
}

function endOf(status: ClaudeRunStatus): Pick<Run, "isFinishedByHand" | "logsAt"> {
  if (!isFinished({ status })) return {};
  const { conditions = [] } = status;
  const logsAt = conditions.findIndex(({ type, status: is }) => type === "LogsAvailable" && is === "True");
  return { ...(logsAt < 0 ? {} : { logsAt }), ...(hasFinishedCondition(status) ? {} : { isFinishedByHand: true }) };
}

/** The run and attempt of a Job, from its owner and its name, which cannot change. Returns undefined for other Jobs. */
function jobOrigin(metadata: Meta): ReturnType<typeof origin> | undefined {
  const made = origin(metadata);
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner !== undefined && (owner.kind !== kind || owner.apiVersion !== apiVersion)) return undefined;
  // A run that was deleted with --cascade=orphan leaves its Jobs without an owner.
  const { name: runName, uid: runUid } = owner ?? { name: made.runName, uid: made.runUid };
  const attempt = Number(/-(\d{1,9})$/.exec(metadata.name ?? "")?.[1] ?? "0");
  if (made.agent === "" || runUid === "") return undefined;
  return metadata.name === attemptName({ name: runName, uid: runUid }, attempt)
    ? { agent: made.agent, runName, runUid, attempt }
    : undefined;
}

interface RawJob {
  readonly metadata: Meta;
  readonly spec?:
    | {
        readonly suspend?: boolean;
        readonly parallelism?: number;
        readonly template?: { readonly spec?: { readonly volumes?: readonly RawVolume[] } };
      }
    | undefined;
  readonly status?:
    | {
        readonly conditions?: readonly {
          readonly type: string;
          readonly status: string;
          readonly lastTransitionTime?: string;
          readonly reason?: string;
        }[];
      }
    | undefined;
}

/** FailureTarget comes before Failed, while the pod is still ending. */
function failureOf(status: RawJob["status"]): Pick<Job, "failed"> {
  const condition = status?.conditions?.find(
    ({ type, status: is }) => is === "True" && (type === "Failed" || type === "FailureTarget"),
  );
  return condition?.reason === undefined ? {} : { failed: condition.reason };
}

function suspendedBy({ spec, status }: Omit<RawJob, "metadata">): Pick<Job, "suspended"> {
  if (spec?.suspend !== true) return spec?.parallelism === 0 ? { suspended: { by: "parallelism" } } : {};
  const condition = status?.conditions?.find(({ type, status: is }) => type === "Suspended" && is === "True");
  const sinceMs = Date.parse(condition?.lastTransitionTime ?? "");
  return { suspended: { by: "suspend", ...(Number.isNaN(sinceMs) ? {} : { sinceMs }) } };
}

/** Parses a run's Job. Returns undefined for other Jobs with the label. */
export function parseJob(object: unknown): Job | undefined {
  const { metadata, spec, status } = object as RawJob;
  const made = jobOrigin(metadata);
  if (made === undefined) return undefined;
  const isFinished = (status?.conditions ?? []).some(
    ({ type, status: is }) =>
      is === "True" &&
      (type === "Complete" || type === "Failed" || type === "SuccessCriteriaMet" || type === "FailureTarget"),
  );
  return {
    kind: "job",
    ...identity(metadata),
    ...made,
    isFinished,
    ...failureOf(status),
    ...runnerConfigMapIn(spec?.template?.spec?.volumes),
    ...suspendedBy({ spec, status }),
  };
}
