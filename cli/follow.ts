/** Follows a run to its end: its states and the logs of its attempts, one after the other. */
import { ApiError } from "../adapter/kubernetes/api-error.ts";
import { AttemptLog } from "../adapter/attempt-logs.ts";
import type { Connection } from "../adapter/kubernetes/connection.ts";
import { podLogPath } from "../adapter/kubernetes/paths.ts";
import { RunWatch } from "../adapter/kubernetes/run-watch.ts";
import type { LogSink } from "../adapter/log/sink.ts";
import { Progress } from "../adapter/progress.ts";
import type { ClaudeRun } from "../crds/claude-run.ts";
import { isFinished } from "./kubernetes/runs.ts";
import { Departure, Problem } from "./problem.ts";
import type { Session } from "./session.ts";

/** What is followed, and what is told of it. */
export interface Following {
  readonly session: Session;
  readonly run: ClaudeRun;
  /** Takes the log; without it only the run's states are told. */
  readonly sink?: LogSink;
}

/** Resolves to the finished run. Throws a Problem if the run is deleted, or the reader leaves by Ctrl-C. */
export async function followRun(following: Following): Promise<ClaudeRun> {
  const { session, run } = following;
  const { connection, terminal, where } = session;
  const watch = new RunWatch(connection, run);
  const leaving = new AbortController();
  const leave = (): void => leaving.abort();
  // Once: whoever presses it again is out at once.
  process.once("SIGINT", leave);
  watch.start();
  const progress = new Progress();
  const silence = watch.onChange(() => {
    const news = progress.news(watch.run);
    if (news !== undefined) terminal.note(terminal.paint("dim", news));
  });
  try {
    await untilFinished(following, watch, leaving.signal);
    const { name } = run.metadata;
    if (leaving.signal.aborted) {
      throw new Departure([
        `left ${name}, which goes on`,
        `  to read on:  kubectl claude logs ${where}-f ${name}`,
        `  to end it:   kubectl claude cancel ${where}${name}`,
      ]);
    }
    if (watch.isGone && !isFinished(watch.run)) throw new Problem(`${name} was deleted before it had finished`);
    return watch.run;
  } finally {
    silence();
    process.removeListener("SIGINT", leave);
    await watch.stop();
  }
}

async function untilFinished(
  { session: { connection, terminal }, sink }: Following,
  watch: RunWatch,
  signal: AbortSignal,
): Promise<void> {
  const followed = new Set<string>();
  const isOver = (): boolean => watch.isGone || isFinished(watch.run);
  const next = (): string | undefined => (sink === undefined ? undefined : podToFollow(watch.run, followed));
  for (;;) {
    await watch.until(() => next() !== undefined || isOver(), signal);
    const pod = next();
    if (pod === undefined || sink === undefined || signal.aborted) return;
    if (followed.size > 0) terminal.note(terminal.paint("dim", `── attempt ${watch.run.status?.attempt ?? "?"} ──`));
    followed.add(pod);
    await refuseWithoutRight(connection, watch.run.metadata.namespace, pod);
    await new AttemptLog({ connection, watch, sink, pod }).follow(signal);
  }
}

/** A pod whose container runs or ran, and whose log nobody has read yet. */
function podToFollow({ status }: ClaudeRun, followed: ReadonlySet<string>): string | undefined {
  const pod = status?.pod;
  if (pod === undefined || followed.has(pod.name)) return undefined;
  return status?.phase === "Running" || status?.startTime !== undefined ? pod.name : undefined;
}

/** Following tries again whatever may pass; a right that is missing is said at once. */
async function refuseWithoutRight(connection: Connection, namespace: string, pod: string): Promise<void> {
  const query = { container: "claude", limitBytes: "1" };
  try {
    const stream = await connection.open(podLogPath(namespace, pod), query, new AbortController().signal);
    stream.close();
  } catch (error) {
    if (error instanceof ApiError && (error.code === 401 || error.code === 403)) throw error;
  }
}
