/** Follows a run to its end: prints its states and the logs of its attempts in order. */
import { ApiError } from "../kube/api-error.ts";
import { AttemptLog } from "../client/attempt-log.ts";
import type { Connection } from "../kube/connection.ts";
import { podLogPath } from "../client/paths.ts";
import { RunWatch } from "../client/run-watch.ts";
import type { LogSink } from "../client/log/sink.ts";
import { ProgressReporter } from "../client/progress.ts";
import type { ClaudeRun } from "../crds/claude-run.ts";
import { isFinished } from "../crds/finished.ts";
import { podToFollow } from "../client/run-facts.ts";
import { Detached, CliError } from "./errors.ts";
import type { CommandContext } from "./command-context.ts";
import { styled } from "./terminal/terminal.ts";
import { silenceMs, silentStateMessage } from "./no-log.ts";

/** Options of `followRun`. */
export interface FollowOptions {
  readonly ctx: CommandContext;
  readonly run: ClaudeRun;
  /** Receives the log; without it only the run's states are printed. */
  readonly sink?: LogSink;
}

/** Resolves to the finished run. Throws CliError if the run is deleted, and Detached after Ctrl-C. */
export async function followRun(following: FollowOptions): Promise<ClaudeRun> {
  const { ctx, run } = following;
  const { connection, terminal } = ctx;
  const watch = new RunWatch(connection, run);
  const detach = new AbortController();
  const onSigint = (): void => detach.abort();
  // Only the first Ctrl-C detaches; the second one ends the process.
  process.once("SIGINT", onSigint);
  watch.start();
  const progress = new ProgressReporter();
  const note = (message: string | undefined): void => {
    if (message !== undefined) terminal.note(styled("dim", message));
  };
  const unsubscribe = watch.onChange(() => note(progress.update(watch.run)));
  const silenceTimer = noteSilentStates(ctx, watch, note);
  try {
    await untilFinished(following, watch, detach.signal);
    const { name } = run.metadata;
    if (detach.signal.aborted) {
      throw new Detached([
        `stopped following ${name}; it continues`,
        `  follow:  ${ctx.command("logs", "-f", name)}`,
        `  cancel:  ${ctx.command("cancel", name)}`,
      ]);
    }
    if (watch.isDeleted && !isFinished(watch.run)) throw new CliError(`${name} was deleted before it had finished`);
    return watch.run;
  } finally {
    unsubscribe();
    clearInterval(silenceTimer);
    process.removeListener("SIGINT", onSigint);
    await watch.stop();
  }
}

/** Prints once each state without progress messages, if it lasts. */
function noteSilentStates(ctx: CommandContext, watch: RunWatch, tell: (message: string) => void): NodeJS.Timeout {
  let before: ClaudeRun | undefined;
  let last: string | undefined;
  return setInterval(() => {
    const { run } = watch;
    const state = silentStateMessage(ctx, run);
    if (state !== undefined && state !== last && before === run) {
      tell(state);
      last = state;
    }
    before = run;
  }, silenceMs);
}

async function untilFinished(
  { ctx: { connection, terminal }, sink }: FollowOptions,
  watch: RunWatch,
  signal: AbortSignal,
): Promise<void> {
  const followed = new Set<string>();
  const isOver = (): boolean => watch.isDeleted || isFinished(watch.run);
  const next = (): string | undefined => (sink === undefined ? undefined : podToFollow(watch.run, followed));
  for (;;) {
    await watch.until(() => next() !== undefined || isOver(), signal);
    const pod = next();
    if (pod === undefined || sink === undefined || signal.aborted) return;
    if (followed.size > 0) terminal.note(styled("dim", `── attempt ${watch.run.status?.attempt ?? "?"} ──`));
    followed.add(pod);
    await requireLogAccess(connection, watch.run.metadata.namespace, pod);
    await new AttemptLog({ connection, watch, sink, pod }).follow(signal);
  }
}

/** Fails at once without the permission to read logs; following would retry forever. */
async function requireLogAccess(connection: Connection, namespace: string, pod: string): Promise<void> {
  const query = { container: "claude", limitBytes: "1" };
  try {
    const stream = await connection.open(podLogPath(namespace, pod), query, new AbortController().signal);
    stream.close();
  } catch (error) {
    if (error instanceof ApiError && (error.code === 401 || error.code === 403)) throw error;
  }
}
