/** What happened to a run, in order of time: its own moments, its conditions, and what Kubernetes said. Pure. */
import type { ClaudeRun, Condition } from "../../crds/claude-run.ts";
import { isFinished, verdictOf } from "../kubernetes/runs.ts";
import type { Facts } from "./facts.ts";

/** One moment. */
export interface Moment {
  /** RFC 3339. */
  readonly time: string;
  /** Who says so: run, pod, job, condition. */
  readonly source: string;
  readonly what: string;
  readonly message: string;
  readonly isBad: boolean;
}

/** Conditions whose moment stands in a field of the status, or in the verdict. */
const told: ReadonlySet<string> = new Set(["Succeeded", "Finished", "Admitted", "Started"]);

/**
 * What follows what in an attempt. Kubernetes' times are whole seconds, and a fast cluster does most of this within one.
 * What stands in neither list came about in between.
 */
const first: readonly string[] = [
  "run created",
  "run admitted",
  "job SuccessfulCreate",
  "pod FailedScheduling",
  "pod Scheduled",
  "pod Pulling",
  "pod Pulled",
  "pod Created",
  "pod Started",
  "run started",
];
const last: readonly string[] = ["run ended", "job Completed"];

/** Oldest first; those of the same second in the order in which they come about. */
export function timelineOf({ run, events }: Facts): Moment[] {
  const { reason } = verdictOf(run);
  // What two tell is told once: the scheduler's Event says more than the condition, the run's end more than its Event.
  const isToldByEvent = (type: string): boolean =>
    type === "PodScheduled" && events.some((event) => event.reason === "Scheduled");
  const isOwnMoment = (word: string): boolean => word === "Admitted" || (word === reason && isFinished(run));
  const news = events.filter((event) => event.about !== "run" || !isOwnMoment(event.reason));
  const moments = [
    ...ownMoments(run),
    ...(run.status?.conditions ?? []).flatMap((each) => (isToldByEvent(each.type) ? [] : conditionMoment(each))),
    ...news.map(({ time, about, type, reason, message, count }) => ({
      time,
      source: about,
      what: count > 1 ? `${reason} (${count} times)` : reason,
      message,
      isBad: type === "Warning",
    })),
  ];
  return moments.filter(({ time }) => !Number.isNaN(Date.parse(time))).toSorted(byTime);
}

function byTime(a: Moment, b: Moment): number {
  const seconds = (moment: Moment): number => Math.floor(Date.parse(moment.time) / 1_000);
  return seconds(a) - seconds(b) || rankOf(a) - rankOf(b);
}

function rankOf({ source, what }: Moment): number {
  const name = `${source} ${what.replace(/ \(\d+ times\)$/, "")}`;
  if (last.includes(name)) return first.length + 1 + last.indexOf(name);
  return first.includes(name) ? first.indexOf(name) : first.length;
}

function ownMoments(run: ClaudeRun): Moment[] {
  const { metadata, spec, status } = run;
  const own = (time: string | undefined, what: string, message: string, isBad = false): Moment[] =>
    time === undefined ? [] : [{ time, source: "run", what, message, isBad }];
  const node = status?.pod?.node;
  const { reason } = verdictOf(run);
  const attempt = (status?.attempt ?? 1) > 1 ? `, attempt ${status?.attempt ?? 1}` : "";
  return [
    ...own(metadata.creationTimestamp, "created", ""),
    ...own(status?.admittedTime, "admitted", `holds the slot of agent ${spec.agent}`),
    ...own(status?.startTime, "started", `the container runs${node === undefined ? "" : ` on ${node}`}${attempt}`),
    ...own(status?.completionTime, "ended", `${status?.phase ?? ""} (${reason})`, status?.phase === "Failed"),
  ];
}

function conditionMoment({ type, status, reason, message, lastTransitionTime }: Condition): Moment[] {
  if (told.has(type) || status === "Unknown") return [];
  // That a log can be read, and a result was read, is as it should be.
  if (status === "True" && (type === "LogsAvailable" || type === "ResultRecorded")) return [];
  const isBad = status === "False" && type !== "LogsAvailable";
  const what = status === "True" ? type : `not ${type}`;
  return [
    {
      time: lastTransitionTime,
      source: "run",
      what,
      message: `${reason}${message === "" ? "" : `: ${message}`}`,
      isBad,
    },
  ];
}
