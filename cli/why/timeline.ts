/** The timeline of a run: its own times, its conditions and its Events. Pure. */
import type { ClaudeRun, Condition } from "../../crds/claude-run.ts";
import { isFinished } from "../../crds/finished.ts";
import { succeededCondition } from "../../client/run-facts.ts";
import type { Facts } from "./facts.ts";

/** One entry of the timeline. */
export interface TimelineEntry {
  /** RFC 3339. */
  readonly time: string;
  /** Source of the entry: run, pod, job. */
  readonly source: string;
  /** Reason of the Event, type of the condition, or name of the run's own time. */
  readonly reason: string;
  /** Number of occurrences, if more than one; `time` is the last one. */
  readonly count?: number;
  readonly message: string;
  readonly isBad: boolean;
}

/** Conditions whose time is also in a field of the status. */
const shownElsewhere: ReadonlySet<string> = new Set(["Succeeded", "Finished", "Admitted", "Started"]);

/**
 * The order of entries within a second: Kubernetes' times are whole seconds, and a fast cluster does most of an attempt
 * in one. Entries in neither list are between `earliest` and `latest`.
 */
const earliest: readonly string[] = [
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
const latest: readonly string[] = ["run ended", "job Completed"];

/** Returns the entries, oldest first; those of the same second in the order of an attempt. */
export function timelineOf({ run, events }: Facts): TimelineEntry[] {
  const { reason } = succeededCondition(run);
  // Show each fact once: the scheduler's Event instead of the condition, the run's own end instead of its Event.
  const isToldByEvent = (type: string): boolean =>
    type === "PodScheduled" && events.some((event) => event.reason === "Scheduled");
  const isOwnMoment = (word: string): boolean => word === "Admitted" || (word === reason && isFinished(run));
  const shownEvents = events.filter((event) => event.about !== "run" || !isOwnMoment(event.reason));
  const moments = [
    ...runEntries(run),
    ...(run.status?.conditions ?? []).flatMap((each) => (isToldByEvent(each.type) ? [] : conditionEntries(each))),
    ...shownEvents.map(({ time, about, type, reason, message, count }) => ({
      time,
      source: about,
      reason,
      ...(count > 1 ? { count } : {}),
      message,
      isBad: type === "Warning",
    })),
  ];
  return moments.filter(({ time }) => !Number.isNaN(Date.parse(time))).toSorted(byTime);
}

function byTime(a: TimelineEntry, b: TimelineEntry): number {
  const seconds = (moment: TimelineEntry): number => Math.floor(Date.parse(moment.time) / 1_000);
  return seconds(a) - seconds(b) || rankOf(a) - rankOf(b);
}

function rankOf({ source, reason }: TimelineEntry): number {
  const name = `${source} ${reason}`;
  if (latest.includes(name)) return earliest.length + 1 + latest.indexOf(name);
  return earliest.includes(name) ? earliest.indexOf(name) : earliest.length;
}

function runEntries(run: ClaudeRun): TimelineEntry[] {
  const { metadata, spec, status } = run;
  const own = (time: string | undefined, reason: string, message: string, isBad = false): TimelineEntry[] =>
    time === undefined ? [] : [{ time, source: "run", reason, message, isBad }];
  const node = status?.pod?.node;
  const verdict = succeededCondition(run).reason;
  const attempt = (status?.attempt ?? 1) > 1 ? `, attempt ${status?.attempt ?? 1}` : "";
  return [
    ...own(metadata.creationTimestamp, "created", ""),
    ...own(status?.admittedTime, "admitted", `holds the slot of agent ${spec.agent}`),
    ...own(status?.startTime, "started", `the container runs${node === undefined ? "" : ` on ${node}`}${attempt}`),
    ...own(status?.completionTime, "ended", `${status?.phase ?? ""} (${verdict})`, status?.phase === "Failed"),
  ];
}

function conditionEntries({ type, status, reason, message, lastTransitionTime }: Condition): TimelineEntry[] {
  if (shownElsewhere.has(type) || status === "Unknown") return [];
  // These are the normal case, so they are not shown.
  if (status === "True" && (type === "LogsAvailable" || type === "ResultRecorded")) return [];
  const isBad = status === "False" && type !== "LogsAvailable";
  return [
    {
      time: lastTransitionTime,
      source: "run",
      reason: status === "True" ? type : `not ${type}`,
      message: `${reason}${message === "" ? "" : `: ${message}`}`,
      isBad,
    },
  ];
}
