/** `run`: makes a ClaudeRun, and follows it if that is asked for. */
import { apiVersion, kind } from "../../crds/names.ts";
import type { ClaudeRun, ClaudeRunInput } from "../../crds/claude-run.ts";
import { parseClaudeRun } from "../../crds/parse.ts";
import { exitCodeOf } from "../exit-code.ts";
import { followRun } from "../follow.ts";
import { createRun } from "../kubernetes/create.ts";
import { printRun, type Output } from "../output.ts";
import { misuse } from "../problem.ts";
import { endLine } from "../render/end-line.ts";
import { logOutput, type LogOptions } from "../render/log-output.ts";
import { labelOf, variableOf } from "../run/environment.ts";
import { inFlags, specOf } from "../run/fields.ts";
import { generatedName } from "../run/name.ts";
import { promptOf } from "../run/prompt.ts";
import { lastSession } from "../run/resume.ts";
import type { Session } from "../session.ts";
import { plain } from "../terminal/cells.ts";

/** What `run` takes beside the fields of the spec and the common flags. */
export interface RunOptions extends LogOptions {
  readonly name?: string;
  readonly agent?: string;
  readonly promptFile?: string;
  readonly env?: readonly string[];
  readonly label?: readonly string[];
  readonly resumeLast?: boolean;
  readonly follow?: boolean;
  readonly wait?: boolean;
  readonly dryRun?: "client" | "server";
  readonly output?: Output;
}

type NamedRun = ClaudeRunInput & { readonly metadata: { readonly namespace: string } };

/** The exit code is the run's own if it was waited for. */
export async function run(session: Session, options: RunOptions, prompt: string | undefined): Promise<number> {
  const { terminal } = session;
  if (options.agent === undefined) throw misuse("--agent NAME is missing: runs of one agent go one after the other");
  const wanted = await runOf(session, { ...options, agent: options.agent }, prompt);
  if (options.dryRun === "client") {
    printRun(terminal, options.output ?? "yaml", wanted);
    return 0;
  }
  const { connection } = session;
  const made = await createRun(connection, wanted, { isTrial: options.dryRun === "server" });
  if (options.dryRun === "server" || !(options.follow === true || options.wait === true)) {
    told(session, made, options);
    return 0;
  }
  terminal.note(`${made.metadata.name} created`);
  const isFollowed = options.follow === true && options.output === undefined;
  const sink = isFollowed ? { sink: logOutput(terminal, options) } : {};
  const finished = await followRun({ session, run: made, ...sink });
  if (options.output !== undefined) printRun(terminal, options.output, finished);
  else if (!isFollowed) answer(session, finished);
  terminal.note(endLine(session, finished));
  return exitCodeOf(finished);
}

function told({ terminal }: Session, made: ClaudeRun, { output, dryRun }: RunOptions): void {
  if (output === undefined)
    terminal.say(`${made.metadata.name} ${dryRun === "server" ? "would be created" : "created"}`);
  else printRun(terminal, output, made);
}

/** What claude answered, as far as the status holds it. */
function answer({ terminal }: Session, { metadata, status }: ClaudeRun): void {
  const { text, textTruncated } = status?.result ?? {};
  if (text !== undefined && status?.phase === "Succeeded") terminal.say(plain(text));
  if (textTruncated === true) terminal.note(`the answer was cut; all of it: kubectl claude logs ${metadata.name}`);
}

async function runOf(
  session: Session,
  options: RunOptions & { readonly agent: string },
  given: string | undefined,
): Promise<NamedRun> {
  const { agent, env = [], label = [] } = options;
  // Offline, an object can be made without a cluster.
  const namespace = options.dryRun === "client" ? session.namespaceIfKnown : session.namespace;
  const spec = specOf({ ...options });
  if (env.length > 0) spec["pod"] = { ...(spec["pod"] as object | undefined), env: env.map(variableOf) };
  if (options.resumeLast === true) await resumeLast(session, spec, agent);
  spec["prompt"] = await promptOf({
    given,
    file: options.promptFile,
    about: `Agent ${agent}${namespace === undefined ? "" : `, namespace ${namespace}`}.`,
  });
  const metadata = {
    name: options.name ?? generatedName(agent),
    ...(namespace === undefined ? {} : { namespace }),
    ...(label.length === 0 ? {} : { labels: Object.fromEntries(label.map(labelOf)) }),
  };
  const object = { apiVersion, kind, metadata, spec };
  const parsed = parseClaudeRun(object);
  if (!parsed.ok) throw misuse(parsed.problems.map(inFlags).join("; "));
  return object as unknown as NamedRun;
}

/** The newest session of the agent, on the workspace that it was made on. */
async function resumeLast(session: Session, spec: Record<string, unknown>, agent: string): Promise<void> {
  if (spec["session"] !== undefined) throw misuse("--resume-last and --resume-session: give one of them");
  const last = await lastSession(session.connection, session.namespace, agent);
  spec["session"] = { resume: last.session };
  if (last.workspace !== undefined) spec["workspace"] ??= last.workspace;
  const claim = last.workspace?.persistentVolumeClaim?.claimName;
  session.terminal.note(
    claim === undefined
      ? `goes on in session ${last.session} of ${last.name}; that run had no --workspace-claim: its session may have gone with its pod`
      : `goes on in session ${last.session} of ${last.name}, workspace ${claim}`,
  );
}
