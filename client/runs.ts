/** Creates, reads, unsuspends and cancels one run. */
import type { ClaudeRun, ClaudeRunInput } from "../crds/claude-run.ts";
import { ApiError, ignoreNotFound } from "../kube/api-error.ts";
import type { Connection } from "../kube/connection.ts";
import { runPath, runsPath } from "./paths.ts";
import { parseRun } from "./parse-run.ts";

/** Namespace and name of a run. */
export interface NamespacedName {
  readonly namespace: string;
  readonly name: string;
}

/** A run of this name exists, and another request created it. */
export class AlreadyExistsError extends Error {
  override readonly name = "AlreadyExistsError";
}

/** A run to create. */
export type NewRun = ClaudeRunInput & { readonly metadata: { readonly namespace: string } };

/** Options of `createRun`. */
export interface CreateOptions {
  /** Name of an annotation of the run. An existing run with the same value was created by this request. */
  readonly requestAnnotation: string;
  /** If true, the API server validates the run and stores nothing. Default: false. */
  readonly isDryRun?: boolean;
}

/**
 * Creates a run exactly once: if the response was lost, it returns the run that the request created. Throws
 * AlreadyExistsError, or ApiError if the API server rejects the run.
 */
export async function createRun(
  connection: Connection,
  run: NewRun,
  { requestAnnotation, isDryRun = false }: CreateOptions,
): Promise<ClaudeRun> {
  const { namespace, name, annotations } = run.metadata;
  const path = runsPath(namespace);
  try {
    const query = isDryRun ? { dryRun: "All" } : {};
    return parseRun(await connection.request("POST", path, { body: run, query }), `POST ${path}`);
  } catch (error) {
    // Without a readable response (code 0) the API server may have created the run.
    if (!(error instanceof ApiError) || (error.code !== 409 && error.code !== 0)) throw error;
    const existing = await readRun(connection, { namespace, name }).catch((unread: unknown) => {
      throw error.code === 0 ? error : unread;
    });
    const own = annotations?.[requestAnnotation];
    if (own !== undefined && existing.metadata.annotations?.[requestAnnotation] === own) return existing;
    throw new AlreadyExistsError(
      `ClaudeRun ${namespace}/${name} already exists and belongs to another run; delete it or use another name`,
      { cause: error },
    );
  }
}

/** Returns the run. Throws ApiError, with code 404 if it does not exist. */
export async function readRun(connection: Connection, { namespace, name }: NamespacedName): Promise<ClaudeRun> {
  const path = runPath(namespace, name);
  return parseRun(await connection.request("GET", path), `GET ${path}`);
}

/**
 * Unsuspends a run, so that the operator may admit it. Also drops managedFields: no client reads them, and without them
 * this write and the operator's three status writes each take a quarter less time.
 */
export async function unsuspendRun(connection: Connection, { metadata }: ClaudeRun): Promise<void> {
  const body = { metadata: { managedFields: [{}] }, spec: { suspend: false } };
  await connection.request("PATCH", runPath(metadata.namespace, metadata.name), { body });
}

/** Asks the operator to cancel the run. Does nothing if the run does not exist. */
export async function cancelRun(
  connection: Connection,
  { namespace, name }: NamespacedName,
  cancelReason: string,
): Promise<void> {
  const body = { spec: { cancel: true, cancelReason: cancelReason.slice(0, 256).toWellFormed() } };
  await connection.request("PATCH", runPath(namespace, name), { body }).catch(ignoreNotFound);
}
