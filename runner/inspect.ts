/** Classifies a saved log by the runner's rules. */
import { createReadStream, statSync } from "node:fs";
import type { Readable } from "node:stream";
import type { InspectRequest } from "./command-line.ts";
import type { RunReport, RunResult } from "./contract.ts";
import { describeEnding, type Ending } from "./ending.ts";
import { asObject, parseObject, stringField, type JsonObject } from "./event.ts";
import { Facts } from "./facts.ts";
import { causeOf, codeOf } from "./failure.ts";
import { EventReader } from "./event-reader.ts";
import { isRunnerLine, reportOf, withoutKubectlPrefix } from "./log-lines.ts";
import { boundReport } from "./report.ts";
import { resultOf } from "./result.ts";
import { StderrTail } from "./stderr-tail.ts";
import { LineReader, textOfLine } from "./stream.ts";
import { classifyRun } from "./classify-run.ts";

/** Output of `inspect`. */
export interface Inspection {
  readonly phase: "Succeeded" | "Failed";
  readonly reason: NonNullable<RunReport["reason"]>;
  readonly message: string;
  readonly result: RunResult;
  readonly session?: { readonly id: string };
  readonly resumeAfterTime?: string;
}

/** The log cannot be read; the message has the cause and the next step. */
export class UnreadableFile extends Error {}

/** Limit for a document on several lines. */
const maxDocumentCharacters = 16 * 1_048_576;

/** Content of a log. */
class Log {
  readonly facts = new Facts();
  readonly stderr = new StderrTail();
  end: RunReport | undefined;
  /** True if it has runner lines, that is, for a run's log instead of plain claude output. */
  isRunnerLog = false;
  readonly #events = new EventReader();
  /** Lines of one document that was formatted, for example by jq; undefined unless the first line begins one. */
  #documentLines: string[] | undefined;
  #documentCharacters = 0;
  #isFirst = true;

  addLine(line: string): void {
    if (this.#isFirst && /^\s*[[{]\s*$/u.test(line)) this.#documentLines = [];
    this.#isFirst = false;
    if (this.#documentLines === undefined)
      this.#take(eventsOfList(line) ?? this.#events.read(withoutKubectlPrefix(line)));
    else if ((this.#documentCharacters += line.length) <= maxDocumentCharacters) this.#documentLines.push(line);
  }

  /** Ends the log after its last line. */
  close(): void {
    if (this.#documentLines === undefined || this.#documentCharacters > maxDocumentCharacters) return;
    const document = this.#documentLines.join("\n");
    const event = parseObject(document);
    this.#take(event === undefined ? (eventsOfList(document) ?? []) : [event]);
  }

  #take(events: readonly JsonObject[]): void {
    for (const event of events) {
      if (!isRunnerLine(event)) {
        this.facts.add(event);
        continue;
      }
      this.isRunnerLog = true;
      this.end = reportOf(event) ?? this.end;
      if (stringField(event, "subtype") === "stderr") this.stderr.add(stringField(event, "text") ?? "");
    }
  }
}

/** Returns the events of a list, as written by `--output-format json --verbose`; undefined for any other text. */
function eventsOfList(line: string): JsonObject[] | undefined {
  if (!/^\s*\[\s*\{/u.test(line)) return undefined;
  try {
    return (JSON.parse(line) as unknown[]).map(asObject).filter((event) => event !== undefined);
  } catch {
    return undefined;
  }
}

/** Reads and classifies the files. Throws UnreadableFile. */
export async function inspect(request: InspectRequest): Promise<Inspection> {
  const log = new Log();
  await eachLine(request.file, (line) => log.addLine(line));
  log.close();
  const { stderrFile } = request;
  if (stderrFile !== undefined) await eachLine(stderrFile, (line) => log.stderr.add(line));
  return inspectionOfStartFailure(log) ?? inspectionOf(log, endingOf(request, log.end));
}

/** Returns the runner's own report if it failed before it started claude. */
function inspectionOfStartFailure({ facts, end }: Log): Inspection | undefined {
  if (end?.reason === undefined || end.result.exitCode !== undefined || end.result.signal !== undefined)
    return undefined;
  if (facts.lastResult !== undefined || facts.hasInit) return undefined;
  return { phase: "Failed", reason: end.reason, message: end.message ?? "", result: end.result };
}

/** The caller's exit code or signal takes precedence over the log's. */
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
  const { lastMeaningful: stderrLine, lines: stderr } = log.stderr;
  const evidence = { facts, ending, stderrLine, stderr, nowMs: facts.lastTimeMs ?? Date.now() };
  const verdict = classifyRun(evidence, end?.stop);
  const report = boundReport(
    {
      v: 1,
      complete: true,
      ...verdict,
      message: verdict.message + unfinishedNote(log, ending),
      result: { ...resultOf(facts, ending), ...reportedOnly(log) },
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

/** Returns fields that only the runner's report has, from the session file and its own actions. */
function reportedOnly({ facts, end }: Log): Partial<RunResult> {
  if (end === undefined) return {};
  const { costUSD, usage, models, hung } = end.result;
  return {
    ...((facts.lastResult === undefined || facts.hasUnpricedAnswer) && {
      ...(costUSD !== undefined && { costUSD }),
      ...(usage !== undefined && { usage }),
      ...(models !== undefined && { models }),
    }),
    ...(hung !== undefined && { hung }),
  };
}

function unfinishedNote({ isRunnerLog, end }: Log, ending: Ending): string {
  if (!isRunnerLog || end !== undefined || describeEnding(ending) !== describeEnding({})) return "";
  return " (the log has no end line: the run has not finished, or its end was lost)";
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
    throw new UnreadableFile(`${path} is a directory: name a file with the saved output of one run`);
  }
  return createReadStream(path);
}

function unreadable(path: string, error: unknown): UnreadableFile {
  const advice = codeOf(error) === "ENOENT" ? "check the path" : "check that it is a readable file";
  return new UnreadableFile(`cannot read ${path}: ${causeOf(error)}; ${advice}`, { cause: error });
}
