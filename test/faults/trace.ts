/** What a story left behind: every change that the API server's watches showed, and every container that containerd started. */
import type { ClaudeRun, ClaudeRunStatus } from "../../crds/claude-run.ts";
import { annotations, finalizer, labels, schedulingGate } from "../../crds/names.ts";

interface Change {
  readonly uid: string;
  readonly name: string;
  /** True for the last one: the object is deleted. */
  readonly gone: boolean;
}

export interface SeenRun extends Change {
  readonly what: "run";
  readonly agent: string;
  readonly status: ClaudeRunStatus;
}

export interface SeenPod extends Change {
  readonly what: "pod";
  readonly agent: string;
  readonly runUid: string;
  readonly attempt: string;
  readonly gated: boolean;
  /** Has the finalizer that keeps it until its result is recorded. */
  readonly held: boolean;
  readonly deleting: boolean;
  readonly node?: string;
  readonly phase: string;
  /** Containers of it that the kubelet says have run. */
  readonly started: readonly string[];
}

export interface SeenJob extends Change {
  readonly what: "job";
  readonly deleting: boolean;
  readonly finished: boolean;
}

export type Seen = SeenRun | SeenPod | SeenJob;

/** A container of an agent, as containerd knows it. Times in microseconds since the epoch. */
export interface Container {
  readonly id: string;
  readonly podUid: string;
  readonly startedUs: number;
  /** Absent: it was running when the trace ended. */
  readonly exitedUs?: number;
  readonly exitCode?: number;
}

export interface Trace {
  /** In the order in which the API server showed them; of each kind that is the order in which they happened. */
  readonly seen: readonly Seen[];
  readonly containers: readonly Container[];
  /** Uids of the runs whose creation was confirmed. */
  readonly accepted: ReadonlySet<string>;
  /** Uids of the runs that a user deleted. */
  readonly deleted: ReadonlySet<string>;
  readonly acts: Acts;
}

/** What users did to objects of runs, by the objects' names. Noted before the request, as its answer may be lost. */
export interface Acts {
  /** Pods that a user created with the marks of a run's. */
  readonly lookAlikes: ReadonlySet<string>;
  readonly suspendedJobs: ReadonlySet<string>;
  /** Deleted, or deleted and created with other content. */
  readonly changedConfigMaps: ReadonlySet<string>;
}

/**
 * The trace without look-alikes, and each pod as it was first seen: a user who changes the marks of a pod does not change
 * which agent, run and attempt it is of.
 */
export function unmasked(trace: Trace): Trace {
  const byUid = new Map<string, Pick<SeenPod, "agent" | "runUid" | "attempt">>();
  const isOurs = (each: Seen): boolean => each.what !== "pod" || !trace.acts.lookAlikes.has(each.name);
  const seen = trace.seen.filter(isOurs).map((each) => {
    if (each.what !== "pod") return each;
    const { agent, runUid, attempt } = byUid.get(each.uid) ?? each;
    byUid.set(each.uid, { agent, runUid, attempt });
    return { ...each, agent, runUid, attempt };
  });
  const foreign = new Set(trace.seen.filter((each) => !isOurs(each)).map(({ uid }) => uid));
  return { ...trace, seen, containers: trace.containers.filter(({ podUid }) => !foreign.has(podUid)) };
}

/** As the API server sends them: of each only what is read here. */
export interface RawObject {
  readonly kind?: string;
  readonly metadata: {
    readonly uid: string;
    readonly name: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly deletionTimestamp?: string;
  };
  readonly spec?: { readonly schedulingGates?: readonly { readonly name: string }[]; readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly {
      readonly containerID?: string;
      readonly state?: Readonly<Record<string, { readonly startedAt?: string } | undefined>>;
    }[];
  };
}

/** One event of a watch of runs, pods or Jobs. */
export function readChange(what: Seen["what"], object: RawObject, gone: boolean): Seen {
  const { uid, name, deletionTimestamp } = object.metadata;
  const same = { uid, name, gone };
  if (what === "run") {
    const { spec, status = {} } = object as unknown as ClaudeRun;
    return { ...same, what, agent: spec.agent, status };
  }
  const deleting = deletionTimestamp !== undefined;
  if (what === "job") return { ...same, what, deleting, finished: isFinishedJob(object) };
  const node = object.spec?.nodeName;
  return {
    ...same,
    what,
    agent: object.metadata.labels?.[labels.agent] ?? "",
    runUid: object.metadata.annotations?.[annotations.runUid] ?? "",
    attempt: object.metadata.annotations?.[annotations.attempt] ?? "",
    gated: object.spec?.schedulingGates?.some((gate) => gate.name === schedulingGate) === true,
    held: object.metadata.finalizers?.includes(finalizer) === true,
    deleting,
    ...(node === undefined ? {} : { node }),
    phase: object.status?.phase ?? "Pending",
    started: startedContainers(object),
  };
}

function isFinishedJob({ status }: RawObject): boolean {
  const ends = status?.conditions?.filter(({ type }) => type === "Complete" || type === "Failed") ?? [];
  return ends.some((condition) => condition.status === "True");
}

function startedContainers({ status }: RawObject): string[] {
  // One that could not be started is told of as terminated, with the epoch for its start.
  const ran = status?.containerStatuses?.filter(
    ({ state }) => state?.["running"] !== undefined || Date.parse(state?.["terminated"]?.startedAt ?? "") > 0,
  );
  return (ran ?? []).flatMap(({ containerID }) => containerID?.replace(/^containerd:\/\//, "") ?? []);
}
