/** The story of a run: how it stands, what happened, what to do. Pure: facts in, words out. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { cancelReasons, failureReasons, isFailureReason, queuedReasons } from "../../crds/reasons.ts";
import { isFinished, verdictOf } from "../kubernetes/runs.ts";
import { ageOf } from "../terminal/duration.ts";
import type { Facts } from "./facts.ts";
import { timelineOf, type Moment } from "./timeline.ts";

/** What `why` says, part by part; -o json prints it as it is. */
export interface Story {
  readonly name: string;
  readonly namespace: string;
  readonly agent: string;
  readonly phase: string;
  readonly reason: string;
  /** What the reason means, in the words of the page of reasons. */
  readonly meaning?: string;
  /** What happened, in the words of who saw it. */
  readonly message?: string;
  readonly whatToDo?: string;
  /** Facts beside: who is ahead, what it does, the pod, figures, the session. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly timeline: readonly Moment[];
  /** Commands that lead on. */
  readonly next: readonly string[];
  readonly gaps: readonly string[];
}

/** An operator answers in well under a second. */
const unseenMs = 10_000;
/** Reasons after which the session can be continued. */
const resumable: ReadonlySet<string> = new Set([
  "MaxTurns",
  "BudgetExceeded",
  "DeadlineExceeded",
  "IdleTimeout",
  "OOMKilled",
  "NoResult",
]);

/** `where` stands before names in the commands that it proposes. */
export function storyOf(facts: Facts, where: string): Story {
  const { run } = facts;
  const { metadata, spec, status } = run;
  const { reason, message } = verdictOf(run);
  const meaning = meaningOf(run, reason);
  const whatToDo = adviceOf(facts, reason);
  const ownMessage = withoutAdvice(status?.failure?.message ?? message, whatToDo)
    .replace(meaning ?? "", "")
    .trim();
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    agent: spec.agent,
    phase: status?.phase ?? "not seen by an operator",
    reason,
    ...(meaning === undefined ? {} : { meaning }),
    ...(ownMessage === "" || ownMessage === meaning ? {} : { message: ownMessage }),
    ...(whatToDo === undefined ? {} : { whatToDo }),
    facts: besides(facts),
    timeline: timelineOf(facts),
    next: nextOf(run, reason, where),
    gaps: facts.gaps,
  };
}

function meaningOf({ status }: ClaudeRun, reason: string): string | undefined {
  if (status?.phase === "Failed" && isFailureReason(reason)) return failureReasons[reason].meaning;
  if (Object.hasOwn(cancelReasons, reason)) return cancelReasons[reason as keyof typeof cancelReasons];
  if (Object.hasOwn(queuedReasons, reason)) return queuedReasons[reason as keyof typeof queuedReasons];
  return undefined;
}

function adviceOf({ run, nowMs }: Facts, reason: string): string | undefined {
  const { status, metadata, spec } = run;
  if (status?.phase === undefined) {
    const isLate = nowMs - Date.parse(metadata.creationTimestamp) > unseenMs;
    return isLate ? "No operator has looked at it: kubectl claude doctor says whether one is at work." : undefined;
  }
  if (status.phase === "Failed" && isFailureReason(reason)) {
    const { whatToDo, retryable } = failureReasons[reason];
    return retryable ? `${whatToDo} The same run may well succeed if it is made again.` : whatToDo;
  }
  if (reason === "Suspended") return `Let it go: kubectl claude resume ${metadata.name}`;
  if (reason === "AgentBusy") return `Wait, or cancel what is ahead; other agents than ${spec.agent} are not held up.`;
  return undefined;
}

/** The operator ends a message with the advice, which has a place of its own here. */
function withoutAdvice(message: string, advice: string | undefined): string {
  const first = advice?.replace(/ The same run may well succeed if it is made again\.$/, "");
  return (first === undefined ? message : message.replace(first, "")).trim();
}

function besides(facts: Facts): (readonly [string, string])[] {
  const { run, nowMs } = facts;
  const { status, spec } = run;
  const { pod, result, session, progress, log } = status ?? {};
  const since = (time: string | undefined): string => (time === undefined ? "" : ageOf(nowMs - Date.parse(time)));
  const rows: (readonly [string, string | undefined])[] = [
    ["ahead", aheadOf(facts)],
    ["place", status?.queuePosition === undefined || isFinished(run) ? undefined : String(status.queuePosition)],
    [
      "doing",
      status?.phase !== "Running" || progress === undefined
        ? undefined
        : `${progress.activity ?? "not known"}${progress.lastActivityTime === undefined ? "" : `, last heard of ${since(progress.lastActivityTime)} ago`}`,
    ],
    ["until", untilOf(facts)],
    ["turns", numberOf(result?.turns ?? progress?.turns)],
    [
      "cost",
      result?.costUSD === undefined
        ? isFinished(run)
          ? "absent"
          : undefined
        : costOf(result.costUSD, spec.budget?.maxCostUSD),
    ],
    ["took", tookOf(run)],
    ["exit", result?.signal ?? numberOf(result?.exitCode)],
    [
      "attempt",
      (status?.attempt ?? 1) > 1 ? `${status?.attempt ?? 1} of at most ${spec.disruptionRetries + 1}` : undefined,
    ],
    ["pod", pod === undefined ? undefined : podLine(pod)],
    [
      "log",
      log?.lines === undefined
        ? undefined
        : `${log.lines} lines, ${log.bytes ?? "?"} bytes${logIsGone(run) ? ", gone with the pod" : ""}`,
    ],
    ["session", session?.id],
    ["again at", status?.failure?.resumeAfterTime],
    ["answer", status?.phase === "Succeeded" ? result?.text : undefined],
  ];
  return rows.flatMap(([name, value]) => (value === undefined || value === "" ? [] : [[name, value] as const]));
}

/** When a deadline will end it, if one will. */
function untilOf({ run: { metadata, spec, status }, nowMs }: Facts): string | undefined {
  const deadlines = {
    Queued: ["queueDeadlineSeconds", metadata.creationTimestamp],
    Pending: ["startDeadlineSeconds", status?.admittedTime],
    Running: ["activeDeadlineSeconds", status?.startTime],
  } as const;
  const phase = status?.phase;
  if (phase !== "Queued" && phase !== "Pending" && phase !== "Running") return undefined;
  const [field, from = ""] = deadlines[phase];
  const seconds = spec[field];
  const atMs = Date.parse(from) + 1_000 * (seconds ?? NaN);
  if (Number.isNaN(atMs)) return undefined;
  const left = atMs > nowMs ? `in ${ageOf(atMs - nowMs)}` : "now";
  return `${new Date(atMs).toISOString().slice(11, 19)}, ${left} (${field}: ${seconds ?? ""})`;
}

function aheadOf({ run, others }: Facts): string | undefined {
  if (run.status?.phase !== "Queued") return undefined;
  const holders = others.filter(({ status }) => status?.admittedTime !== undefined);
  const before = others.filter(
    ({ status }) =>
      status?.admittedTime === undefined && (status?.queuePosition ?? Infinity) < (run.status?.queuePosition ?? 0),
  );
  if (holders.length + before.length === 0) return undefined;
  const held = holders.map(({ metadata, status }) => `${metadata.name} (${status?.phase ?? "?"})`);
  return [...held, ...(before.length === 0 ? [] : [`${before.length} waiting`])].join(", ");
}

function podLine(pod: NonNullable<NonNullable<ClaudeRun["status"]>["pod"]>): string {
  const { name, node, phase, reason, message, waitingReason } = pod;
  const states = [phase, reason, waitingReason].filter((word) => word !== undefined && word !== "").join(" ");
  return [`${name}${node === undefined ? "" : ` on ${node}`}`, states, message]
    .filter((part) => part !== undefined && part !== "")
    .join(", ");
}

function costOf(costUSD: string, budget: string | undefined): string {
  return `$${costUSD}${budget === undefined ? "" : ` of at most $${budget}`}`;
}

function tookOf({ status }: ClaudeRun): string | undefined {
  const ms = Date.parse(status?.completionTime ?? "") - Date.parse(status?.startTime ?? "");
  return Number.isNaN(ms) ? undefined : ageOf(ms);
}

function numberOf(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

function logIsGone({ status }: ClaudeRun): boolean {
  return status?.conditions?.some(({ type, status: holds }) => type === "LogsAvailable" && holds === "False") === true;
}

function nextOf(run: ClaudeRun, reason: string, where: string): string[] {
  const { metadata, status, spec } = run;
  const { name } = metadata;
  const hasLog = status?.startTime !== undefined && !logIsGone(run);
  if (!isFinished(run)) {
    return [
      ...(hasLog || status?.phase === "Pending" ? [`kubectl claude logs ${where}-f ${name}`] : []),
      `kubectl claude cancel ${where}${name}`,
    ];
  }
  const session = resumable.has(reason) && spec.workspace !== undefined ? status?.session?.id : undefined;
  return [
    ...(hasLog ? [`kubectl claude logs ${where}${name}`] : []),
    ...(session === undefined
      ? []
      : [`kubectl claude run ${where}--agent ${spec.agent} --resume-session ${session} "Go on."`]),
  ];
}
