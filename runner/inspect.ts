/** Judges a saved log by the rules that the runner uses, for people. */
import { createReadStream, statSync } from "node:fs";
import type { Readable } from "node:stream";
import type { InspectRequest } from "./command-line.ts";
import type { RunReport, RunResult } from "./contract.ts";
import { describeEnding, type Ending } from "./ending.ts";
import { stringAt } from "./event.ts";
import { Facts } from "./facts.ts";
import { causeOf, codeOf } from "./failure.ts";
import { EventReader } from "./injected.ts";
import { isRunnerLine, reportOf, withoutKubectlPrefix } from "./log-lines.ts";
import { boundReport } from "./report.ts";
import { resultOf } from "./result.ts";
import { StderrTail } from "./stderr-tail.ts";
import { LineReader, textOfLine } from "./stream.ts";
import { judge } from "./verdict.ts";

/** What `inspect` prints. */
export interface Inspection {
  readonly phase: "Succeeded" | "Failed";
  readonly reason: NonNullable<RunReport["reason"]>;
  readonly message: string;
  readonly result: RunResult;
  readonly session?: { readonly id: string };
  readonly resumeAfterTime?: string;
}

/** The log cannot be read; the message says why and what to do. */
export class UnreadableFile extends Error {}

/** What a log holds. */
class Log {
  readonly facts = new Facts();
  readonly stderr = new StderrTail();
  end: RunReport | undefined;
  /** It has lines of the runner: a run's log, not bare output of claude. */
  ofRunner = false;
  readonly #events = new EventReader();

  addLine(line: string): void {
    for (const event of this.#events.read(withoutKubectlPrefix(line))) {
      if (!isRunnerLine(event)) {
        this.facts.add(event);
        continue;
      }
      this.ofRunner = true;
      this.end = reportOf(event) ?? this.end;
      if (stringAt(event, "subtype") === "stderr") this.stderr.add(stringAt(event, "text") ?? "");
    }
  }
}

/** Reads the files and judges; throws UnreadableFile. */
export async function inspect(request: InspectRequest): Promise<Inspection> {
  const log = new Log();
  await eachLine(request.file, (line) => log.addLine(line));
  const { stderrFile } = request;
  if (stderrFile !== undefined) await eachLine(stderrFile, (line) => log.stderr.add(line));
  return neverStarted(log) ?? inspectionOf(log, endingOf(request, log.end));
}

/** The runner found the cause before it started claude: only its own word tells. */
function neverStarted({ facts, end }: Log): Inspection | undefined {
  if (end?.reason === undefined || end.result.exitCode !== undefined || end.result.signal !== undefined)
    return undefined;
  if (facts.last !== undefined || facts.sawInit) return undefined;
  return { phase: "Failed", reason: end.reason, message: end.message ?? "", result: end.result };
}

/** What the caller knows comes before what the log says. */
function endingOf({ exitCode, signal }: InspectRequest, end: RunReport | undefined): Ending {
  if (exitCode !== undefined) return { exitCode };
  if (signal !== undefined) return { signal };
  return {
    ...(end?.result.exitCode !== undefined && { exitCode: end.result.exitCode }),
    ...(end?.result.signal !== undefined && { signal: end.result.signal }),
  };
}

function inspectionOf(log: Log, ending: Ending): Inspection {
  const { facts, end } = log;
  const evidence = { facts, ending, stderrLine: log.stderr.lastMeaningful, nowMs: facts.lastTimeMs ?? Date.now() };
  const verdict = judge(evidence, end?.stop);
  const report = boundReport(
    {
      v: 1,
      complete: true,
      ...verdict,
      message: verdict.message + unfinishedNote(log, ending),
      result: { ...resultOf(facts, ending), ...onlyInReport(log) },
      ...(facts.sessionId !== undefined && { session: { id: facts.sessionId } }),
      log: { lines: 0, bytes: 0, sha256: "" },
    },
    (text) => text,
  );
  const { reason, message, result, session, resumeAfterTime } = report;
  return {
    phase: reason === "Completed" ? "Succeeded" : "Failed",
    reason: reason ?? "ClaudeFailed",
    message: message ?? "",
    result,
    ...(session !== undefined && { session }),
    ...(resumeAfterTime !== undefined && { resumeAfterTime }),
  };
}

/** The runner read these from elsewhere: the session file, and what it did itself. */
function onlyInReport({ facts, end }: Log): Partial<RunResult> {
  if (end === undefined) return {};
  const { costUSD, usage, models, hung } = end.result;
  return {
    ...((facts.last === undefined || facts.unpricedAnswer) && {
      ...(costUSD !== undefined && { costUSD }),
      ...(usage !== undefined && { usage }),
      ...(models !== undefined && { models }),
    }),
    ...(hung !== undefined && { hung }),
  };
}

function unfinishedNote({ ofRunner, end }: Log, ending: Ending): string {
  if (!ofRunner || end !== undefined || describeEnding(ending) !== describeEnding({})) return "";
  return " (the log has no end line: the run is not over, or its end was lost)";
}

async function eachLine(path: string, take: (line: string) => void): Promise<void> {
  const reader = new LineReader();
  try {
    for await (const chunk of open(path) as AsyncIterable<Buffer>) {
      for (const piece of reader.push(chunk)) if (piece.kind === "whole") take(textOfLine(piece.bytes));
    }
  } catch (error) {
    throw error instanceof UnreadableFile ? error : unreadable(path, error);
  }
  for (const piece of reader.end()) if (piece.kind === "whole") take(textOfLine(piece.bytes));
}

function open(path: string): Readable {
  if (path === "-") return process.stdin;
  if (statSync(path).isDirectory()) {
    throw new UnreadableFile(`${path} is a directory: name the file in it that holds the saved output of one run`);
  }
  return createReadStream(path);
}

function unreadable(path: string, error: unknown): UnreadableFile {
  const advice = codeOf(error) === "ENOENT" ? "check the path" : "check that it is a file that you may read";
  return new UnreadableFile(`cannot read ${path}: ${causeOf(error)}; ${advice}`, { cause: error });
}
