/** `run`: creates a ClaudeRun, and follows it with --follow or --wait. */
import { apiVersion, kind } from "../../crds/names.ts";
import type { ClaudeRun, ClaudeRunInput } from "../../crds/claude-run.ts";
import { parseClaudeRun } from "../../crds/parse.ts";
import { exitCodeOf } from "../exit-code.ts";
import { followRun } from "../follow.ts";
import { createNamedRun } from "../kubernetes/create-run.ts";
import { printObject, type Output } from "../output.ts";
import { usageError } from "../errors.ts";
import { endLine } from "../render/end-line.ts";
import { logOutput, type LogOptions } from "../render/log-output.ts";
import { parseLabel, parseVariable } from "../run/environment.ts";
import { inTermsOfFlags, specOf } from "../run/fields.ts";
import { generatedName } from "../run/name.ts";
import { readPrompt } from "../run/prompt.ts";
import { lastSession } from "../run/resume.ts";
import type { CommandContext } from "../command-context.ts";

/** Options of `run`, in addition to the spec's fields and the common flags. */
export interface RunOptions extends LogOptions {
  readonly name?: string;
  readonly agent?: string;
  readonly promptFile?: string;
  readonly env?: readonly string[];
  readonly label?: readonly string[];
  readonly resumeLast?: boolean;
  /** `retry` only: do not resume the session of the earlier run. */
  readonly newSession?: boolean;
  readonly follow?: boolean;
  readonly wait?: boolean;
  readonly dryRun?: "client" | "server";
  readonly output?: Output;
}

type NamedRun = ClaudeRunInput & { readonly metadata: { readonly namespace: string } };

/** Runs the command. With --follow or --wait the exit code is the run's. */
export async function run(ctx: CommandContext, options: RunOptions, prompt: string | undefined): Promise<number> {
  if (options.agent === undefined) throw usageError("--agent NAME is missing");
  if (prompt === "-" || options.promptFile === "-" || (prompt ?? options.promptFile) === undefined) ctx.takeStdin();
  return createAndFollow(ctx, options, await runFromFlags(ctx, { ...options, agent: options.agent }, prompt));
}

/** Creates the run, and follows it with --follow or --wait. Returns the exit code. */
export async function createAndFollow(ctx: CommandContext, options: RunOptions, wanted: NamedRun): Promise<number> {
  const { terminal } = ctx;
  if (options.dryRun === "client") {
    printObject(terminal, options.output ?? "yaml", wanted);
    return 0;
  }
  const { connection } = ctx;
  const made = await createNamedRun(connection, wanted, { isDryRun: options.dryRun === "server" });
  if (options.dryRun === "server" || !(options.follow === true || options.wait === true)) {
    printCreated(ctx, made, options);
    return 0;
  }
  terminal.note(`${made.metadata.name} created`);
  const isFollowed = options.follow === true && options.output === undefined;
  const sink = isFollowed ? { sink: logOutput(terminal, options) } : {};
  const finished = await followRun({ ctx, run: made, ...sink });
  if (options.output !== undefined) printObject(terminal, options.output, finished);
  else if (!isFollowed) printAnswer(ctx, finished);
  terminal.note(endLine(ctx, finished));
  return exitCodeOf(finished);
}

function printCreated({ terminal }: CommandContext, made: ClaudeRun, { output, dryRun }: RunOptions): void {
  if (output === undefined)
    terminal.printLine(`${made.metadata.name} ${dryRun === "server" ? "would be created" : "created"}`);
  else printObject(terminal, output, made);
}

/** Prints claude's answer, as far as it is in the status. */
function printAnswer(ctx: CommandContext, { metadata, status }: ClaudeRun): void {
  const { terminal } = ctx;
  const { text, textTruncated } = status?.result ?? {};
  if (text !== undefined && status?.phase === "Succeeded") terminal.print(text);
  if (textTruncated === true)
    terminal.note(`the answer is truncated; print all of it with: ${ctx.command("logs", metadata.name)}`);
}

async function runFromFlags(
  ctx: CommandContext,
  options: RunOptions & { readonly agent: string },
  given: string | undefined,
): Promise<NamedRun> {
  const { agent, env = [] } = options;
  // --dry-run=client works without a cluster.
  const namespace = options.dryRun === "client" ? ctx.namespaceIfKnown : ctx.namespace;
  const spec = specOf({ ...options });
  if (env.length > 0) spec["pod"] = { ...(spec["pod"] as object | undefined), env: env.map(parseVariable) };
  if (options.resumeLast === true) await resumeLast(ctx, spec, agent);
  spec["prompt"] = await readPrompt({
    given,
    file: options.promptFile,
    isScreen: ctx.terminal.isScreen,
    about: `Agent ${agent}${namespace === undefined ? "" : `, namespace ${namespace}`}.`,
  });
  return buildRun(options, { agent, namespace }, spec);
}

/** Returns the object, validated by the schema. Throws CliError that names the flags. */
export function buildRun(
  { name, label = [] }: RunOptions,
  { agent, namespace }: { readonly agent: string; readonly namespace: string | undefined },
  spec: object,
): NamedRun {
  const metadata = {
    name: name ?? generatedName(agent),
    ...(namespace === undefined ? {} : { namespace }),
    ...(label.length === 0 ? {} : { labels: Object.fromEntries(label.map(parseLabel)) }),
  };
  const object = { apiVersion, kind, metadata, spec };
  const parsed = parseClaudeRun(object);
  if (!parsed.ok) throw usageError(parsed.problems.map(inTermsOfFlags).join("; "));
  return object as unknown as NamedRun;
}

/** Sets the agent's newest session, and that run's workspace and Secret unless a flag sets them. */
async function resumeLast(ctx: CommandContext, spec: Record<string, unknown>, agent: string): Promise<void> {
  if (spec["session"] !== undefined) throw usageError("give either --resume-last or --resume-session, not both");
  const last = await lastSession(ctx.connection, ctx.namespace, agent);
  spec["session"] = { resume: last.session };
  if (last.workspace !== undefined) spec["workspace"] ??= last.workspace;
  if (last.credentials !== undefined) spec["credentialsSecretName"] ??= last.credentials;
  const claim = last.workspace?.persistentVolumeClaim?.claimName;
  ctx.terminal.note(
    claim === undefined
      ? `continuing session ${last.session} of ${last.name}; it had no --workspace-claim, so its session may be deleted`
      : `continuing session ${last.session} of ${last.name}, workspace ${claim}`,
  );
}
