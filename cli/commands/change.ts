/** `cancel`, `suspend` and `resume`: the few things that may change about a run that was made. */
import { userInfo } from "node:os";
import { runPath } from "../../adapter/kubernetes/paths.ts";
import { cancelRun } from "../../adapter/kubernetes/runs.ts";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { followRun } from "../follow.ts";
import { findRun, isFinished, listRuns, verdictOf } from "../kubernetes/runs.ts";
import { misuse, Problem } from "../problem.ts";
import { endLine } from "../render/end-line.ts";
import type { Session } from "../session.ts";

/** What `cancel` takes beside the common flags. */
export interface CancelOptions {
  readonly reason?: string;
  readonly wait?: boolean;
}

/** Asks the operator to end the runs; with `wait` until they have ended. */
export async function cancel(
  session: Session,
  { reason, wait }: CancelOptions,
  names: readonly string[],
): Promise<number> {
  const { connection, terminal } = session;
  const why = reason ?? `by ${userName()} with kubectl claude`;
  if (Array.from(why).length > 256) throw misuse("--reason: must be at most 256 characters long");
  return eachRun(session, names, async (run) => {
    const { name } = run.metadata;
    if (isFinished(run))
      throw new Problem(`${name} has ended already (${verdictOf(run).reason}): there is nothing to cancel`);
    await cancelRun(connection, run, why);
    if (wait !== true) {
      terminal.say(`${name} is being cancelled`);
      return;
    }
    terminal.say(endLine(session, await followRun({ session, run })));
  });
}

/** Keeps runs from being admitted. */
export function suspend(session: Session, _: object, names: readonly string[]): Promise<number> {
  return eachRun(session, names, async (run) => {
    const { name } = run.metadata;
    if (isFinished(run))
      throw new Problem(`${name} has ended already (${verdictOf(run).reason}): there is nothing to suspend`);
    if (run.status?.admittedTime !== undefined) {
      throw new Problem(
        `${name} was admitted already, and suspend only delays that: kubectl claude cancel ${name} ends it`,
      );
    }
    await change(session, run, { suspend: true });
    session.terminal.say(`${name} suspended`);
  });
}

/** Lets suspended runs be admitted. */
export function resume(session: Session, _: object, names: readonly string[]): Promise<number> {
  return eachRun(session, names, async (run) => {
    const { name } = run.metadata;
    if (isFinished(run)) {
      throw new Problem(
        `${name} has ended already (${verdictOf(run).reason}); to go on in its session: kubectl claude run --agent ${run.spec.agent} --resume-last`,
      );
    }
    if (!run.spec.suspend) throw new Problem(`${name} is not suspended`);
    await change(session, run, { suspend: false });
    session.terminal.say(`${name} resumed`);
  });
}

async function change({ connection }: Session, { metadata }: ClaudeRun, spec: object): Promise<void> {
  await connection.request("PATCH", runPath(metadata.namespace, metadata.name), { body: { spec } });
}

/** One after the other; what goes wrong with one is told, and does not keep the others. */
async function eachRun(
  session: Session,
  names: readonly string[],
  act: (run: ClaudeRun) => Promise<void>,
): Promise<number> {
  const { connection, namespace, terminal, options } = session;
  if (names.length === 0 && options.selector === undefined)
    throw misuse("name one or more runs, or select them with -l");
  const selected =
    options.selector === undefined
      ? []
      : (await listRuns(connection, { namespace, labelSelector: options.selector })).items.filter(
          (run) => !isFinished(run),
        );
  if (names.length === 0 && selected.length === 0)
    throw new Problem(`no unfinished run has the labels ${options.selector ?? ""}`);
  let exitCode = 0;
  for (const wanted of [...names, ...selected]) {
    try {
      await act(typeof wanted === "string" ? await findRun(connection, namespace, wanted) : wanted);
    } catch (error) {
      if (!(error instanceof Problem) || names.length + selected.length === 1) throw error;
      terminal.note(`error: ${error.message}`);
      exitCode = error.exitCode;
    }
  }
  return exitCode;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A uid without a name.
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}
