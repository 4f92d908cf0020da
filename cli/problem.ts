/** What goes wrong is said in one line that names the next step, and ends in an exit code that is not 0. */
import { ApiError, words } from "../adapter/kubernetes/api-error.ts";
import type { Connection } from "../adapter/kubernetes/connection.ts";
import { apiVersion, group, plural } from "../crds/names.ts";

/** Exit codes of our own; a run that was waited for ends with claude's. */
export const exitCodes = {
  /** Something went wrong that the line says. */
  problem: 1,
  /** The command line or a value in it is wrong. */
  usage: 2,
  /** A deadline of the run, or of the waiting, is over: as timeout(1) says it. */
  timeout: 124,
  /** The run ended before claude had started. */
  notStarted: 125,
  /** Ctrl-C: the reader has left, the run goes on. */
  detached: 130,
  /** The reader of a pipe has left. */
  brokenPipe: 141,
  /** The run was cancelled: as a process says it that was asked to end. */
  cancelled: 143,
} as const;

/** Says in its message all that a person needs; nothing else of it is shown. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly exitCode: number;

  constructor(message: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? exitCodes.problem;
  }
}

/** The reader has left by Ctrl-C: nothing is wrong, and several lines say how to go on. */
export class Departure extends Problem {
  constructor(lines: readonly string[]) {
    super(lines.join("\n"), { exitCode: exitCodes.detached });
  }
}

/** A wrong value or a wrong use of the command line. */
export function misuse(message: string): Problem {
  return new Problem(message, { exitCode: exitCodes.usage });
}

/** The error as a problem; what the API server said is put in words, with a look at the cluster where that tells more. */
export async function problemOf(error: unknown, connection: Connection | undefined): Promise<Problem> {
  if (error instanceof Problem) return error;
  const cause = { cause: error };
  if (!(error instanceof ApiError) || connection === undefined) return new Problem(oneLine(words(error)), cause);
  if (error.code === 0) {
    return new Problem(`${saidBy(error)}: is the cluster up, and are --context and --kubeconfig right?`, cause);
  }
  if (error.code === 401) {
    return new Problem(
      `the API server at ${connection.server} does not know you: renew the credentials of this context`,
      cause,
    );
  }
  if (error.code === 403) return new Problem(`${saidBy(error)}: ask for that right, or choose another -n`, cause);
  if (error.code === 404 && !(await isServed(connection))) return new Problem(await notServed(connection), cause);
  return new Problem(saidBy(error), cause);
}

/** The server's own sentence, without verb, path and number. */
export function saidBy(error: ApiError): string {
  const sentence = error.code === 0 ? error.message : error.message.replace(/^[A-Z]+ \S+: \d+ /, "");
  return oneLine(error.code === 0 ? sentence.replace(/^[A-Z]+ \S+: /, "") : sentence);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

async function isServed(connection: Connection): Promise<boolean> {
  const list = await connection.once("GET", `/apis/${apiVersion}`).catch(() => undefined);
  const { resources = [] } = (list ?? {}) as { resources?: readonly { name?: string }[] };
  return resources.some(({ name }) => name === plural);
}

async function notServed(connection: Connection): Promise<string> {
  const found = await connection.once("GET", `/apis/${group}`).catch(() => undefined);
  const { versions = [] } = (found ?? {}) as { versions?: readonly { version?: string }[] };
  const others = versions.map(({ version }) => `${group}/${version ?? "?"}`).filter((each) => each !== apiVersion);
  return others.length === 0
    ? `this cluster has no ClaudeRuns (${apiVersion}): install the operator's Helm chart, or choose another --context`
    : `this cluster serves ${others.join(", ")}, and this is a kubectl claude for ${apiVersion}: install the one that fits`;
}
