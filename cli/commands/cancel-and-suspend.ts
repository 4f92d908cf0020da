/** `cancel`, `suspend` and `resume`: the changes that an existing run permits. */
import { userInfo } from "node:os";
import { runPath } from "../../client/paths.ts";
import { cancelRun } from "../../client/runs.ts";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { followRun } from "../follow.ts";
import { listRuns } from "../../client/list-runs.ts";
import { isFinished } from "../../crds/finished.ts";
import { succeededCondition } from "../../client/run-facts.ts";
import { findRun } from "../kubernetes/find-run.ts";
import { usageError, CliError } from "../errors.ts";
import { endLine } from "../render/end-line.ts";
import { resumableSession } from "../../client/copy-spec.ts";
import type { CommandContext } from "../command-context.ts";

/** Options of `cancel`, in addition to the common flags. */
export interface CancelOptions {
  readonly reason?: string;
  readonly wait?: boolean;
}

/** Cancels runs; with --wait until they have finished. */
export async function cancel(
  ctx: CommandContext,
  { reason, wait }: CancelOptions,
  names: readonly string[],
): Promise<number> {
  const { connection, terminal } = ctx;
  const why = reason ?? `by ${userName()} with kubectl claude`;
  if (Array.from(why).length > 256) throw usageError(`--reason has ${Array.from(why).length} characters; allowed: 256`);
  return forEachRun(ctx, names, async (run) => {
    const { name } = run.metadata;
    if (isFinished(run))
      throw new CliError(
        `${name} has already finished (${succeededCondition(run).reason}): there is nothing to cancel`,
      );
    await cancelRun(connection, run.metadata, why);
    if (wait !== true) {
      terminal.printLine(`${name} is being cancelled`);
      return;
    }
    terminal.printLine(endLine(ctx, await followRun({ ctx, run })));
  });
}

/** Keeps queued runs from being admitted. */
export function suspend(ctx: CommandContext, _: object, names: readonly string[]): Promise<number> {
  return forEachRun(ctx, names, async (run) => {
    const { name } = run.metadata;
    if (isFinished(run))
      throw new CliError(
        `${name} has already finished (${succeededCondition(run).reason}): there is nothing to suspend`,
      );
    if (run.status?.admittedTime !== undefined) {
      throw new CliError(
        `${name} is already admitted and cannot be suspended; to cancel it: ${ctx.command("cancel", name)}`,
      );
    }
    await patchSpec(ctx, run, { suspend: true });
    ctx.terminal.printLine(`${name} suspended`);
  });
}

/** Lets the operator admit suspended runs. */
export function resume(ctx: CommandContext, _: object, names: readonly string[]): Promise<number> {
  return forEachRun(ctx, names, async (run) => {
    const { name } = run.metadata;
    if (isFinished(run)) {
      const continueHint = resumableSession(run).ok
        ? `; to continue its session: ${ctx.command("continue", name)}`
        : "";
      throw new CliError(`${name} has already finished (${succeededCondition(run).reason})${continueHint}`);
    }
    if (!run.spec.suspend) throw new CliError(`${name} is not suspended`);
    await patchSpec(ctx, run, { suspend: false });
    ctx.terminal.printLine(`${name} resumed`);
  });
}

async function patchSpec({ connection }: CommandContext, { metadata }: ClaudeRun, spec: object): Promise<void> {
  await connection.request("PATCH", runPath(metadata.namespace, metadata.name), { body: { spec } });
}

/** Acts on one run after another. An error is printed, and does not stop the others. */
async function forEachRun(
  ctx: CommandContext,
  names: readonly string[],
  act: (run: ClaudeRun) => Promise<void>,
): Promise<number> {
  const { connection, namespace, terminal, options } = ctx;
  if (names.length === 0 && options.selector === undefined)
    throw usageError("name one or more runs, or select them with -l");
  const selected =
    options.selector === undefined
      ? []
      : (await listRuns(connection, { namespace, labelSelector: options.selector })).items.filter(
          (run) => !isFinished(run),
        );
  if (names.length === 0 && selected.length === 0)
    throw new CliError(`no unfinished run has the labels ${options.selector ?? ""}`);
  let exitCode = 0;
  for (const wanted of [...names, ...selected]) {
    try {
      await act(typeof wanted === "string" ? await findRun(connection, namespace, wanted) : wanted);
    } catch (error) {
      if (!(error instanceof CliError) || names.length + selected.length === 1) throw error;
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
    // The uid has no name.
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}
