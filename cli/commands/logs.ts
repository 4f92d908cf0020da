/** `logs`: prints the log of a run, formatted or raw, once or until the run has finished. */
import { ApiError } from "../../kube/api-error.ts";
import type { Connection, OpenStream } from "../../kube/connection.ts";
import { podLogPath } from "../../client/paths.ts";
import { LogCursor } from "../../client/log/cursor.ts";
import { followLog } from "../../client/log/follow.ts";
import { deliver, type LogSink } from "../../client/log/sink.ts";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { followRun } from "../follow.ts";
import { listAttemptPods } from "../../client/attempt-pods.ts";
import { isFinished } from "../../crds/finished.ts";
import { findRun } from "../kubernetes/find-run.ts";
import { usageError, CliError, serverMessage } from "../errors.ts";
import { endLine } from "../render/end-line.ts";
import { logOutput, type LogOptions } from "../render/log-output.ts";
import type { CommandContext } from "../command-context.ts";
import { styled } from "../terminal/terminal.ts";
import { hasStarted, noLogMessage } from "../no-log.ts";

/** Options of `logs`, in addition to the common flags. */
export interface LogsOptions extends LogOptions {
  readonly follow?: boolean;
  readonly attempt?: string;
}

/** Failures, or streams without new bytes, in a row after which reading stops. */
const maxFailures = 4;

/** Prints the log; with --follow until the run has finished. The exit code does not depend on its result. */
export async function logs(ctx: CommandContext, options: LogsOptions, name: string): Promise<number> {
  const { connection, terminal } = ctx;
  const run = await findRun(connection, ctx.namespace, name);
  const sink = logOutput(terminal, options);
  const attempt = parseAttempt(options);
  if (attempt !== undefined) {
    await readLog(ctx, run, { pod: await podOfAttempt(connection, run, attempt), sink });
    return 0;
  }
  if (options.follow === true && !isFinished(run)) {
    const finished = await followRun({ ctx, run, sink });
    terminal.note(endLine(ctx, finished));
    return 0;
  }
  const pod = run.status?.pod?.name;
  if (pod === undefined) throw new CliError(noLogMessage(ctx, run));
  const attempts = run.status?.attempt ?? 1;
  if (attempts > 1) {
    terminal.note(
      styled("dim", `attempt ${attempts}, the newest; for earlier ones use --attempt 1 to ${attempts - 1}`),
    );
  }
  const isEmpty = !(await readLog(ctx, run, { pod, sink }));
  if (isEmpty && !(isFinished(run) && hasStarted(run))) {
    throw new CliError(noLogMessage(ctx, await findRun(connection, run.metadata.namespace, run.metadata.name)));
  }
  if (isFinished(run)) terminal.note(endLine(ctx, run));
  return 0;
}

function parseAttempt({ attempt, follow }: LogsOptions): number | undefined {
  if (attempt === undefined) return undefined;
  if (!/^[1-9]\d{0,3}$/.test(attempt)) throw usageError(`--attempt ${attempt}: must be a number from 1`);
  if (follow === true) throw usageError("give either --attempt or --follow, not both");
  return Number(attempt);
}

async function podOfAttempt(connection: Connection, run: ClaudeRun, attempt: number): Promise<string> {
  const { name } = run.metadata;
  const made = run.status?.attempt ?? 1;
  if (attempt > made)
    throw new CliError(`attempt ${attempt} does not exist: ${name} has had ${made} attempt${made === 1 ? "" : "s"}`);
  const pods = await listAttemptPods(connection, run);
  const found = pods.find((pod) => pod.attempt === attempt);
  if (found !== undefined) return found.name;
  const left = pods.map((pod) => pod.attempt).join(", ");
  throw new CliError(
    `the log of ${name}'s attempt ${attempt} was deleted with its pod; ${left === "" ? "no attempt has a log" : `still available: attempt ${left}`}`,
  );
}

/** Reads the log once, exact to the line even if streams break off. Resolves to true if it was not empty. */
async function readLog(
  ctx: CommandContext,
  run: ClaudeRun,
  { pod, sink }: { readonly pod: string; readonly sink: LogSink },
): Promise<boolean> {
  const { connection } = ctx;
  let isEmpty = true;
  const counted: LogSink = {
    ...sink,
    onLog: (stream, chunk) => {
      isEmpty = false;
      return sink.onLog(stream, chunk);
    },
  };
  const cursor = new LogCursor();
  let failures = 0;
  const open = async (query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<OpenStream> => {
    // Without `follow` the stream ends after the last byte.
    const once = Object.fromEntries(Object.entries(query).filter(([name]) => name !== "follow"));
    try {
      const path = podLogPath(run.metadata.namespace, pod);
      const stream = await connection.open(path, { container: "claude", ...once }, signal);
      failures = 0;
      return stream;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      failures += 1;
      if (error.isTransient && failures < maxFailures) throw error;
      throw new CliError(logErrorMessage(ctx, run, error), { cause: error });
    }
  };
  await followLog({
    cursor,
    open,
    deliver: (events) => deliver(events, counted),
    signal: new AbortController().signal,
    maxEmptyReads: isFinished(run) ? maxFailures : 1,
  });
  return !isEmpty;
}

function logErrorMessage(ctx: CommandContext, run: ClaudeRun, error: ApiError): string {
  // 400: the container does not exist yet. 404: the pod was deleted.
  if ((error.code === 400 || error.code === 404) && !hasStarted(run)) return noLogMessage(ctx, run);
  if (error.code === 404) return logGoneMessage(ctx, run);
  return `cannot read the log of ${run.metadata.name}: ${serverMessage(error)}`;
}

/** Returns the message for a log that was deleted with its pod, and says what the status still has. */
function logGoneMessage(ctx: CommandContext, run: ClaudeRun): string {
  const { name } = run.metadata;
  const { log, result, pod } = run.status ?? {};
  const size = log?.lines === undefined ? "" : ` (${log.lines} lines)`;
  const kept = result?.text === undefined ? "the result" : "the result and the answer";
  return `the log of ${name}${size} was deleted with its pod ${pod?.name ?? "?"}; the status still has ${kept}: ${ctx.command("why", name)}`;
}
