/** Errors of the command line: one line with the next step, and a non-zero exit code. */
import { ApiError, errorMessage } from "../kube/api-error.ts";
import type { Connection } from "../kube/connection.ts";
import { CredentialsError } from "../kube/errors.ts";
import { apiVersion, group, plural } from "../crds/names.ts";

/** Exit codes of the program. A run that was waited for ends with claude's exit code. */
export const exitCodes = {
  /** The command failed; the line on stderr says why. */
  error: 1,
  /** The command line, or a value in it, is invalid. */
  usage: 2,
  /** A deadline of the run is exceeded; as timeout(1). */
  timeout: 124,
  /** The run failed before claude had started. */
  notStarted: 125,
  /** Ctrl-C: the user detached, and the run continues. */
  detached: 130,
  /** The reader closed the pipe. */
  brokenPipe: 141,
  /** The run was cancelled; as a process after SIGTERM. */
  cancelled: 143,
} as const;

/** An error whose message is all that the user sees. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: number;

  constructor(message: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? exitCodes.error;
  }
}

/** The user detached with Ctrl-C. Several lines say how to follow or cancel the run. */
export class Detached extends CliError {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join("\n"), { exitCode: exitCodes.detached });
    this.lines = lines;
  }
}

/** Returns an error about an invalid command line, with exit code 2. */
export function usageError(message: string): CliError {
  return new CliError(message, { exitCode: exitCodes.usage });
}

/** Returns the error as a CliError with the next step. A 404 asks the API server whether it serves ClaudeRuns. */
export async function toCliError(error: unknown, connection: Connection | undefined): Promise<CliError> {
  if (error instanceof CliError) return error;
  const cause = { cause: error };
  if (!(error instanceof ApiError) || connection === undefined)
    return new CliError(oneLine(errorMessage(error)), cause);
  if (error.cause instanceof CredentialsError) return new CliError(oneLine(error.cause.message), cause);
  if (error.code === 0) {
    return new CliError(`${serverMessage(error)}: check that the cluster is up, and --context and --kubeconfig`, cause);
  }
  if (error.code === 401) {
    return new CliError(
      `the API server at ${connection.server} rejected the credentials of this context: renew them`,
      cause,
    );
  }
  if (error.code === 403)
    return new CliError(`${serverMessage(error)}: request that permission, or choose another namespace with -n`, cause);
  if (error.code === 404 && !(await isServed(connection)))
    return new CliError(await notServedMessage(connection), cause);
  return new CliError(serverMessage(error), cause);
}

/** Returns the API server's message in one line, without method, path and code. */
export function serverMessage(error: ApiError): string {
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

async function notServedMessage(connection: Connection): Promise<string> {
  const found = await connection.once("GET", `/apis/${group}`).catch(() => undefined);
  const { versions = [] } = (found ?? {}) as { versions?: readonly { version?: string }[] };
  const others = versions.map(({ version }) => `${group}/${version ?? "?"}`).filter((each) => each !== apiVersion);
  return others.length === 0
    ? `this cluster does not serve ClaudeRuns (${apiVersion}): install the operator's Helm chart, or choose another --context`
    : `this cluster serves ${others.join(", ")}, but this kubectl claude needs ${apiVersion}: install the matching version`;
}
