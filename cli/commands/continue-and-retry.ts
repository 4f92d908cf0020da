/** `continue` and `retry`: create a run with the spec of an earlier one, in its session or with its prompt. */
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { isFinished } from "../../crds/finished.ts";
import { findRun } from "../kubernetes/find-run.ts";
import { CliError } from "../errors.ts";
import { continuedSpec, retriedSpec, resumableSession } from "../../client/copy-spec.ts";
import { parseVariable } from "../run/environment.ts";
import { specOf } from "../run/fields.ts";
import { readPrompt } from "../run/prompt.ts";
import type { CommandContext } from "../command-context.ts";
import { createAndFollow, buildRun, type RunOptions } from "./run.ts";

/** Prompt that continues an interrupted session. */
const defaultPrompt = "Go on.";

/** Creates a run in the session of an earlier one. Throws CliError if that session cannot be continued. */
export async function continueRun(
  ctx: CommandContext,
  options: RunOptions,
  name: string,
  prompt: string | undefined,
): Promise<number> {
  if (prompt === "-" || options.promptFile === "-") ctx.takeStdin();
  const run = await findFinishedRun(ctx, name);
  const found = resumableSession(run);
  if (!found.ok) {
    const retryCommand = ctx.command("retry", run.metadata.name);
    throw new CliError(`${run.metadata.name} cannot be continued: ${found.why}; start over with: ${retryCommand}`);
  }
  const spec = continuedSpec(run, found.id);
  spec["prompt"] = await readPrompt({
    given: prompt ?? (options.promptFile === undefined ? defaultPrompt : undefined),
    file: options.promptFile,
    isScreen: ctx.terminal.isScreen,
    about: `Agent ${run.spec.agent}, session ${found.id}.`,
  });
  ctx.terminal.note(`continuing session ${found.id} of ${run.metadata.name}`);
  return createCopy(ctx, options, { run, spec });
}

/** Creates a run with the same spec, including the prompt. */
export async function retry(ctx: CommandContext, options: RunOptions, name: string): Promise<number> {
  const run = await findFinishedRun(ctx, name);
  return createCopy(ctx, options, { run, spec: retriedSpec(run, options.newSession === true) });
}

async function findFinishedRun(ctx: CommandContext, name: string): Promise<ClaudeRun> {
  const run = await findRun(ctx.connection, ctx.namespace, name);
  if (isFinished(run)) return run;
  const follow = ctx.command("logs", "-f", run.metadata.name);
  throw new CliError(`${run.metadata.name} has not finished: wait for it (${follow}), or cancel it`);
}

/** Applies the flags to the copy. Variables are added, and replace those of the same name. */
function createCopy(
  ctx: CommandContext,
  options: RunOptions,
  { run, spec }: { readonly run: ClaudeRun; readonly spec: Record<string, unknown> },
): Promise<number> {
  const changed = specOf({ ...options }, spec);
  const variables = (options.env ?? []).map(parseVariable);
  if (variables.length > 0) {
    const pod = changed["pod"] as ClaudeRun["spec"]["pod"];
    const kept = (pod?.env ?? []).filter((each) => !variables.some((variable) => variable.name === each.name));
    changed["pod"] = { ...pod, env: [...kept, ...variables] };
  }
  const { agent } = run.spec;
  return createAndFollow(ctx, options, buildRun(options, { agent, namespace: run.metadata.namespace }, changed));
}
