/** `logs`: what claude said, for people or raw; once, or followed to the run's end. */
import { ApiError } from "../../adapter/kubernetes/api-error.ts";
import type { Connection, OpenStream } from "../../adapter/kubernetes/connection.ts";
import { podLogPath } from "../../adapter/kubernetes/paths.ts";
import { LogCursor } from "../../adapter/log/cursor.ts";
import { followLog } from "../../adapter/log/follow.ts";
import { deliver, type LogSink } from "../../adapter/log/sink.ts";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { followRun } from "../follow.ts";
import { attemptPods } from "../kubernetes/attempt-pods.ts";
import { findRun, isFinished, verdictOf } from "../kubernetes/runs.ts";
import { misuse, Problem, saidBy } from "../problem.ts";
import { endLine } from "../render/end-line.ts";
import { logOutput, type LogOptions } from "../render/log-output.ts";
import type { Session } from "../session.ts";

/** What `logs` takes beside the common flags. */
export interface LogsOptions extends LogOptions {
  readonly follow?: boolean;
  readonly attempt?: string;
}

/** A stream that fails so often in a row, or ends so often without news, has no more to give. */
const patience = 4;

/** Prints the log; with `follow` until the run has ended, whatever that end was. */
export async function logs(session: Session, options: LogsOptions, name: string): Promise<number> {
  const { connection, terminal } = session;
  const run = await findRun(connection, session.namespace, name);
  const sink = logOutput(terminal, options);
  const attempt = attemptOf(options);
  if (attempt !== undefined) {
    await readLog(connection, run, { pod: await podOfAttempt(connection, run, attempt), sink });
    return 0;
  }
  if (options.follow === true && !isFinished(run)) {
    const finished = await followRun({ session, run, sink });
    terminal.note(endLine(session, finished));
    return 0;
  }
  const attempts = run.status?.attempt ?? 1;
  if (attempts > 1) {
    terminal.note(
      terminal.paint("dim", `attempt ${attempts}, the newest; earlier ones: --attempt 1 to ${attempts - 1}`),
    );
  }
  const pod = run.status?.pod?.name;
  if (pod === undefined) throw new Problem(noPodYet(run));
  await readLog(connection, run, { pod, sink });
  if (isFinished(run)) terminal.note(endLine(session, run));
  return 0;
}

function attemptOf({ attempt, follow }: LogsOptions): number | undefined {
  if (attempt === undefined) return undefined;
  if (!/^[1-9]\d{0,3}$/.test(attempt)) throw misuse(`--attempt ${attempt}: allowed is a number from 1`);
  if (follow === true) throw misuse("--attempt reads one attempt, -f goes on into the next: not both");
  return Number(attempt);
}

async function podOfAttempt(connection: Connection, run: ClaudeRun, attempt: number): Promise<string> {
  const { name } = run.metadata;
  const made = run.status?.attempt ?? 1;
  if (attempt > made)
    throw new Problem(`${name} has had ${made} attempt${made === 1 ? "" : "s"}: there is no attempt ${attempt}`);
  const pods = await attemptPods(connection, run);
  const found = pods.find((pod) => pod.attempt === attempt);
  if (found !== undefined) return found.name;
  const left = pods.map((pod) => pod.attempt).join(", ");
  throw new Problem(
    `the log of ${name}'s attempt ${attempt} is gone with its pod; ${left === "" ? "so are all others" : `there is still attempt ${left}`}`,
  );
}

function noPodYet(run: ClaudeRun): string {
  const { name } = run.metadata;
  const { phase } = run.status ?? {};
  if (isFinished(run))
    return `${name} ended as ${verdictOf(run).reason} before it had a pod: kubectl claude why ${name}`;
  const state = phase === undefined ? "was not seen by an operator yet" : `is ${phase} (${verdictOf(run).reason})`;
  return `${name} ${state} and has no log yet: kubectl claude logs -f ${name} waits for it`;
}

/** Reads what there is, once, exact to the line however often the stream breaks off. */
async function readLog(
  connection: Connection,
  run: ClaudeRun,
  { pod, sink }: { readonly pod: string; readonly sink: LogSink },
): Promise<void> {
  const cursor = new LogCursor();
  let failures = 0;
  const open = async (query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<OpenStream> => {
    // Once: what is there, and no more.
    const once = Object.fromEntries(Object.entries(query).filter(([name]) => name !== "follow"));
    try {
      const path = podLogPath(run.metadata.namespace, pod);
      const stream = await connection.open(path, { container: "claude", ...once }, signal);
      failures = 0;
      return stream;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      failures += 1;
      if (error.isTransient && failures < patience) throw error;
      throw error.code === 404
        ? new Problem(goneLine(run, pod), { cause: error })
        : new Problem(logProblem(run, error), { cause: error });
    }
  };
  await followLog({
    cursor,
    open,
    deliver: (events) => deliver(events, sink),
    signal: new AbortController().signal,
    maxBarren: isFinished(run) ? patience : 1,
  });
}

function logProblem(run: ClaudeRun, error: ApiError): string {
  return `the log of ${run.metadata.name} can't be read: ${saidBy(error)}`;
}

/** The pod is gone, and its log with it: what the status still knows. */
function goneLine(run: ClaudeRun, pod: string): string {
  const { name } = run.metadata;
  const { log, result } = run.status ?? {};
  const size = log?.lines === undefined ? "" : ` (${log.lines} lines)`;
  const left = result?.text === undefined ? "its end" : "its end and claude's last words";
  return `the log of ${name}${size} is gone: its pod ${pod} was deleted; the status still knows ${left}: kubectl claude why ${name}`;
}
