/** Facts about a run for programs: numbers, decimal strings, RFC 3339 times. Pure. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { nextAttemptDeadlineMs, startDeadlineMs } from "../../crds/deadlines.ts";
import { compact } from "../../crds/json.ts";
import { isFinished } from "../../crds/finished.ts";
import type { Facts } from "./facts.ts";
import { isLogGone } from "./next-commands.ts";

type Status = NonNullable<ClaudeRun["status"]>;

/** A field is not set if its value is unknown, or has no meaning for the run's phase. */
export interface TypedFacts {
  /** Unfinished runs of the agent that come first; of a queued run only. */
  readonly ahead?: {
    readonly holders: readonly { readonly name: string; readonly phase?: string }[];
    readonly waitingRuns: number;
  };
  readonly queuePosition?: number;
  readonly activity?: string;
  readonly lastActivityTime?: string;
  /** The next deadline, and the spec's field that sets it. */
  readonly deadline?: { readonly field: string; readonly seconds: number; readonly time: string };
  /** Set if a cancellation was requested and the run has not finished. */
  readonly cancelRequested?: { readonly reason?: string };
  readonly turns?: number;
  readonly costUSD?: string;
  /** False if the real cost may be higher than costUSD. */
  readonly costIsComplete?: boolean;
  readonly maxCostUSD?: string;
  readonly durationSeconds?: number;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly pod?: Omit<NonNullable<Status["pod"]>, "uid">;
  readonly log?: { readonly lines: number; readonly bytes?: number; readonly isGone: boolean };
  readonly sessionId?: string;
  readonly resumeAfterTime?: string;
  /** Claude's answer, as far as it is in the status; of a run that succeeded only. */
  readonly answer?: string;
}

/** Returns the facts in the order in which users read them. */
export function typedFacts(facts: Facts): TypedFacts {
  const { run } = facts;
  const { spec, status } = run;
  const { result, progress, log, pod } = status ?? {};
  const isOpen = !isFinished(run);
  const isRunning = status?.phase === "Running";
  return compact({
    ahead: aheadOf(facts),
    queuePosition: isOpen ? status?.queuePosition : undefined,
    activity: isRunning ? progress?.activity : undefined,
    lastActivityTime: isRunning ? progress?.lastActivityTime : undefined,
    deadline: deadlineOf(facts),
    cancelRequested: isOpen && spec.cancel ? compact({ reason: spec.cancelReason }) : undefined,
    turns: result?.turns ?? progress?.turns,
    costUSD: result?.costUSD,
    costIsComplete: result?.costUSD === undefined ? undefined : !isOpen && result.incomplete !== true,
    maxCostUSD: spec.budget?.maxCostUSD,
    durationSeconds: durationOf(status),
    exitCode: result?.exitCode,
    signal: result?.signal,
    attempt: status?.attempt ?? 1,
    maxAttempts: Math.max(status?.attempt ?? 1, spec.disruptionRetries + 1),
    pod: pod === undefined ? undefined : podOf(pod),
    log: log?.lines === undefined ? undefined : compact({ lines: log.lines, bytes: log.bytes, isGone: isLogGone(run) }),
    sessionId: status?.session?.id,
    resumeAfterTime: status?.failure?.resumeAfterTime,
    answer: status?.phase === "Succeeded" ? result?.text : undefined,
  });
}

function aheadOf({ run, others }: Facts): TypedFacts["ahead"] {
  if (run.status?.phase !== "Queued") return undefined;
  const holders = others.filter(({ status }) => status?.admittedTime !== undefined);
  const position = run.status.queuePosition ?? 0;
  const before = others.filter(
    ({ status }) => status?.admittedTime === undefined && (status?.queuePosition ?? Infinity) < position,
  );
  if (holders.length + before.length === 0) return undefined;
  return {
    holders: holders.map(({ metadata, status }) => compact({ name: metadata.name, phase: status?.phase })),
    waitingRuns: before.length,
  };
}

function deadlineOf(facts: Facts): TypedFacts["deadline"] {
  const { metadata, spec, status } = facts.run;
  const createdMs = Date.parse(metadata.creationTimestamp);
  switch (status?.phase) {
    case "Queued":
      return deadline("queueDeadlineSeconds", spec.queueDeadlineSeconds, createdMs);
    case "Running":
      return deadline("activeDeadlineSeconds", spec.activeDeadlineSeconds, Date.parse(status.startTime ?? ""));
    case "Pending": {
      const endMs = startDeadlineOf(facts, createdMs);
      const seconds = spec.startDeadlineSeconds;
      return deadline("startDeadlineSeconds", seconds, endMs - seconds * 1_000);
    }
    case "Succeeded":
    case "Failed":
    case "Cancelled":
    case undefined:
      return undefined;
  }
}

/** Returns NaN if the deadline depends on a pod that could not be read. */
function startDeadlineOf({ run: { spec, status = {} }, podCreatedMs }: Facts, createdMs: number): number {
  const attempt = { spec, status, createdMs };
  // The first attempt's pod is created before the admission.
  if ((status.attempt ?? 1) === 1) return startDeadlineMs(attempt, podCreatedMs ?? -Infinity);
  return status.pod === undefined ? nextAttemptDeadlineMs(attempt) : startDeadlineMs(attempt, podCreatedMs ?? NaN);
}

function deadline(field: string, seconds: number | undefined, fromMs: number): TypedFacts["deadline"] {
  const atMs = fromMs + (seconds ?? NaN) * 1_000;
  if (seconds === undefined || !isValidDate(atMs)) return undefined;
  return { field, seconds, time: new Date(atMs).toISOString() };
}

/** Returns true if a Date can represent the time. */
function isValidDate(ms: number): boolean {
  return Math.abs(ms) <= 8.64e15;
}

function durationOf(status: ClaudeRun["status"]): number | undefined {
  const ms = Date.parse(status?.completionTime ?? "") - Date.parse(status?.startTime ?? "");
  return Number.isNaN(ms) ? undefined : ms / 1_000;
}

function podOf({ name, node, phase, reason, message, waitingReason }: NonNullable<Status["pod"]>): TypedFacts["pod"] {
  return compact({ name, node, phase, reason, message, waitingReason });
}
