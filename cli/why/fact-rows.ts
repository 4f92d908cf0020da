/** Formats the typed facts as rows of text. Pure. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { isFinished } from "../../crds/finished.ts";
import { ageOf } from "../terminal/duration.ts";
import type { TypedFacts } from "./typed-facts.ts";

/** Returns name and value of each known fact. */
export function factRows(facts: TypedFacts, run: ClaudeRun, nowMs: number): (readonly [string, string])[] {
  const { queuePosition, turns, exitCode, signal, attempt, maxAttempts, sessionId, resumeAfterTime, answer } = facts;
  const rows: (readonly [string, string | undefined])[] = [
    ["ahead", aheadWords(facts.ahead)],
    ["position", wordOf(queuePosition)],
    ["doing", doingWords(facts, run, nowMs)],
    ["until", deadlineWords(facts.deadline, nowMs)],
    ["cancel", cancelWords(facts)],
    ["turns", wordOf(turns)],
    ["cost", costWords(facts, run)],
    ["took", facts.durationSeconds === undefined ? undefined : ageOf(facts.durationSeconds * 1_000)],
    ["exit", signal ?? wordOf(exitCode)],
    ["attempt", attempt > 1 ? `${attempt} of at most ${maxAttempts}` : undefined],
    ["pod", podWords(facts.pod)],
    ["log", logWords(facts.log)],
    ["session", sessionId],
    ["again at", resumeAfterTime],
    ["answer", answer],
  ];
  return rows.flatMap(([name, value]) => (value === undefined || value === "" ? [] : [[name, value] as const]));
}

function aheadWords(ahead: TypedFacts["ahead"]): string | undefined {
  if (ahead === undefined) return undefined;
  const holders = ahead.holders.map(({ name, phase }) => `${name} (${phase ?? "?"})`);
  return [...holders, ...(ahead.waitingRuns === 0 ? [] : [`${ahead.waitingRuns} waiting`])].join(", ");
}

function doingWords(facts: TypedFacts, run: ClaudeRun, nowMs: number): string | undefined {
  if (run.status?.phase !== "Running" || run.status.progress === undefined) return undefined;
  const lastMs = Date.parse(facts.lastActivityTime ?? "");
  const since = Number.isNaN(lastMs) ? "" : `, last activity ${ageOf(nowMs - lastMs)} ago`;
  return `${facts.activity ?? "unknown"}${since}`;
}

function deadlineWords(deadline: TypedFacts["deadline"], nowMs: number): string | undefined {
  if (deadline === undefined) return undefined;
  const { field, seconds, time } = deadline;
  const leftMs = Date.parse(time) - nowMs;
  return `${time.slice(11, 19)}, ${leftMs > 0 ? `in ${ageOf(leftMs)}` : "now"} (${field}: ${seconds})`;
}

function cancelWords({ cancelRequested, pod }: TypedFacts): string | undefined {
  if (cancelRequested === undefined) return undefined;
  const why = cancelRequested.reason === undefined ? "" : ` (${cancelRequested.reason})`;
  return `requested${why}${pod?.node === undefined ? "" : `; waiting until the pod has stopped on node ${pod.node}`}`;
}

function costWords({ costUSD, maxCostUSD }: TypedFacts, run: ClaudeRun): string | undefined {
  if (costUSD === undefined) return isFinished(run) ? "unknown" : undefined;
  return `$${costUSD}${maxCostUSD === undefined ? "" : ` of at most $${maxCostUSD}`}`;
}

function podWords(pod: TypedFacts["pod"]): string | undefined {
  if (pod === undefined) return undefined;
  const { name, node, phase, reason, message, waitingReason } = pod;
  const states = [phase, reason, waitingReason].filter((word) => word !== undefined && word !== "").join(" ");
  return [`${name}${node === undefined ? "" : ` on ${node}`}`, states, message]
    .filter((part) => part !== undefined && part !== "")
    .join(", ");
}

function logWords(log: TypedFacts["log"]): string | undefined {
  if (log === undefined) return undefined;
  return `${log.lines} lines, ${log.bytes ?? "?"} bytes${log.isGone ? ", deleted with the pod" : ""}`;
}

function wordOf(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}
