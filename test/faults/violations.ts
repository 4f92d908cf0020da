/** Did a trace keep the promises? Pure: every rule is a sentence and a function that quotes what broke it. */
import type { ClaudeRunStatus } from "../../crds/claude-run.ts";
import { hasFinishedCondition } from "../../crds/finished.ts";
import { failureReasons } from "../../crds/reasons.ts";
import { isDeepStrictEqual } from "node:util";
import { unmasked, type Container, type Seen, type SeenPod, type SeenRun, type Trace } from "./trace.ts";

/** A rule that a trace broke, and how. */
export interface Violation {
  readonly rule: string;
  readonly what: string;
}

type Rule = readonly [sentence: string, broken: (trace: Trace) => readonly string[]];

/** The sentences of the rules that the tests ask for by name. */
export const oneContainer = "an agent never has two running containers";
export const onePod = "an agent never has two pods that may run";
export const everyRunEnds = "every accepted run that nobody deleted is there and has ended";
export const nothingIsLeft = "nothing is left: no gated or held pod, no open Job";

const rules: readonly Rule[] = [
  [oneContainer, overlappingContainers],
  [onePod, overlappingPods],
  ["no attempt starts twice", startedTwice],
  ["an attempt has one pod for ever", changedPods],
  ["what is recorded of a finished run never changes", changedResults],
  [everyRunEnds, unended],
  ["a run that succeeded had a container that ended with 0", unearned],
  [nothingIsLeft, leftovers],
  ["a run that failed has a known reason, and one that users caused only if they did", unexplained],
  ["a run never has a pod that a user created", adopted],
  ["the trace has no hole", holes],
];

/** What a trace broke; empty if it kept every promise. `only`: rules that already hold while the story goes on. */
export function violationsOf(seen: Trace, only?: readonly string[]): Violation[] {
  const trace = unmasked(seen);
  return rules
    .filter(([rule]) => only === undefined || only.includes(rule))
    .flatMap(([rule, broken]) => broken(trace).map((what) => ({ rule, what })));
}

const isRun = (each: Seen): each is SeenRun => each.what === "run";
const isPod = (each: Seen): each is SeenPod => each.what === "pod";

function podsByUid({ seen }: Trace): Map<string, SeenPod> {
  return new Map(seen.filter(isPod).map((pod) => [pod.uid, pod]));
}

function overlappingContainers(trace: Trace): string[] {
  const pods = podsByUid(trace);
  const byAgent = Map.groupBy(trace.containers, ({ podUid }) => pods.get(podUid)?.agent ?? "");
  return [...byAgent].flatMap(([agent, containers]) => {
    const ordered = containers.toSorted((a, b) => a.startedUs - b.startedUs);
    const said: string[] = [];
    let last: Container | undefined;
    for (const next of ordered) {
      if (last !== undefined && next.startedUs < endOf(last)) {
        const [before, after] = [last, next].map(({ podUid }) => pods.get(podUid)?.name ?? podUid);
        said.push(`${agent}: ${after ?? ""} started while ${before ?? ""} ran`);
      }
      if (last === undefined || endOf(next) > endOf(last)) last = next;
    }
    return said;
  });
}

function endOf({ exitedUs }: Container): number {
  return exitedUs ?? Infinity;
}

/** In watch order, which is that of the store: what was let go must be over before the next is let go. */
function overlappingPods({ seen }: Trace): string[] {
  const loose = new Map<string, SeenPod>();
  return seen.filter(isPod).flatMap((pod) => {
    const holder = loose.get(pod.agent);
    if (!mayRun(pod)) {
      if (holder?.uid === pod.uid) loose.delete(pod.agent);
      return [];
    }
    if (holder === undefined) loose.set(pod.agent, pod);
    return holder === undefined || holder.uid === pod.uid
      ? []
      : [`${pod.agent}: ${pod.name} was let go while ${holder.name} was not over`];
  });
}

/** Without its gate, not over; without a node nothing can be bound any more once it is being deleted. */
function mayRun(pod: SeenPod): boolean {
  return !pod.gone && !pod.gated && !isOver(pod) && !(pod.deleting && pod.node === undefined);
}

/** The pod has ended, either way. */
export function isOver({ phase }: SeenPod): boolean {
  return phase === "Succeeded" || phase === "Failed";
}

/** The run's end is not recorded yet. */
export function isUnfinished({ status }: SeenRun): boolean {
  return !hasFinishedCondition(status);
}

function startedTwice(trace: Trace): string[] {
  const pods = podsByUid(trace);
  const attempts = Map.groupBy(trace.containers, ({ podUid }) => {
    const pod = pods.get(podUid);
    return pod === undefined ? podUid : `${pod.runUid} attempt ${pod.attempt}`;
  });
  return [...attempts].filter(([, starts]) => starts.length > 1).map(([attempt]) => `run ${attempt}`);
}

function changedPods({ seen }: Trace): string[] {
  const podOf = new Map<string, string>();
  return seen.filter(isRun).flatMap(({ uid, name, status }) => {
    if (status.pod?.uid === undefined) return [];
    const attempt = `${uid}/${status.attempt ?? 1}`;
    const before = podOf.get(attempt) ?? status.pod.uid;
    podOf.set(attempt, before);
    return before === status.pod.uid ? [] : [`${name}: pod ${before} became ${status.pod.uid}`];
  });
}

function changedResults({ seen }: Trace): string[] {
  const finished = new Map<string, SeenRun>();
  return seen.filter(isRun).flatMap((run) => {
    const before = finished.get(run.uid);
    if (before === undefined) {
      if (hasFinishedCondition(run.status)) finished.set(run.uid, run);
      return [];
    }
    return run.gone || isDeepStrictEqual(whatStays(before.status), whatStays(run.status))
      ? []
      : [`${run.name}: ${JSON.stringify(whatStays(before.status))} became ${JSON.stringify(whatStays(run.status))}`];
  });
}

/** LogsAvailable and observedGeneration may change. */
function whatStays({ conditions = [], ...status }: ClaudeRunStatus): object {
  return {
    ...status,
    observedGeneration: undefined,
    conditions: conditions
      .filter(({ type }) => type !== "LogsAvailable")
      .map((condition) => ({ ...condition, observedGeneration: undefined })),
  };
}

function unended({ seen, accepted, deleted }: Trace): string[] {
  const last = new Map(seen.filter(isRun).map((run) => [run.uid, run]));
  return [...new Set([...accepted, ...last.keys()])].flatMap((uid) => {
    const run = last.get(uid);
    if (run === undefined) return [`${uid} was never seen`];
    if (run.gone) return deleted.has(uid) ? [] : [`${run.name} is gone, and nobody deleted it`];
    return hasFinishedCondition(run.status) ? [] : [`${run.name} is ${run.status.phase ?? "without a phase"}`];
  });
}

function unearned({ seen, containers }: Trace): string[] {
  const last = new Map(seen.filter(isRun).map((run) => [run.uid, run]));
  const codes = new Map(containers.map(({ podUid, exitCode }) => [podUid, exitCode]));
  return [...last.values()]
    .filter(({ status }) => status.phase === "Succeeded" && codes.get(status.pod?.uid ?? "") !== 0)
    .map(({ name, status }) => `${name}: ${String(codes.get(status.pod?.uid ?? ""))}`);
}

function leftovers({ seen }: Trace): string[] {
  const last = new Map(seen.map((each) => [each.uid, each]));
  return [...last.values()].flatMap((each) => {
    if (each.gone) return [];
    if (each.what === "pod" && each.gated) return [`pod ${each.name} is gated`];
    if (each.what === "pod" && each.held) return [`pod ${each.name} is held`];
    if (each.what === "job" && !each.finished) return [`Job ${each.name} is open`];
    return [];
  });
}

/** Reasons that have one cause, which here only a user can bring about. */
function unexplained({ seen, acts }: Trace): string[] {
  const causes = new Map([
    ["JobSuspended", acts.suspendedJobs],
    ["RunnerChanged", acts.changedConfigMaps],
  ]);
  const last = new Map(seen.filter(isRun).map((run) => [run.uid, run]));
  return [...last.values()].flatMap(({ name, status }) => {
    if (status.phase !== "Failed") return [];
    const reason = status.failure?.reason ?? "";
    if (!Object.hasOwn(failureReasons, reason)) return [`${name} failed with the reason "${reason}"`];
    const isCaused = causes.get(reason)?.has(status.job?.name ?? "") ?? true;
    return isCaused ? [] : [`${name} failed as ${reason}, which no user caused`];
  });
}

function adopted({ seen, acts }: Trace): string[] {
  return seen
    .filter(isRun)
    .filter(({ status }) => acts.lookAlikes.has(status.pod?.name ?? ""))
    .map(({ name, status }) => `${name}: ${status.pod?.name ?? ""}`);
}

/** Both witnesses must have seen the same containers. */
function holes(trace: Trace): string[] {
  const pods = podsByUid(trace);
  const known = new Set(trace.containers.map(({ id }) => id));
  const shown = new Set(trace.seen.filter(isPod).flatMap(({ started }) => started));
  return [
    ...trace.containers.filter(({ podUid }) => !pods.has(podUid)).map(({ id }) => `container ${id} is of no known pod`),
    ...[...shown].filter((id) => !known.has(id)).map((id) => `containerd did not tell of container ${id}`),
  ];
}
