/** The writes of the adapter: a run, its Secrets, its release, its cancellation. */
import type { ClaudeRun, ClaudeRunInput } from "../../crds/claude-run.ts";
import { apiVersion, kind } from "../../crds/names.ts";
import { runIdAnnotation } from "../spec/names.ts";
import type { SecretData } from "../spec/secrets.ts";
import { ApiError } from "./api-error.ts";
import type { Connection } from "./connection.ts";
import { runPath, runsPath, secretsPath } from "./paths.ts";

/** One of this name exists and is another run's. */
export class ForeignRunError extends Error {
  override readonly name = "ForeignRunError";
}

/** Creates the run; one that a lost answer or an earlier try of the same run has left is taken over. */
export async function createRun(connection: Connection, run: ClaudeRunInput): Promise<ClaudeRun> {
  const { namespace, name, annotations } = (
    run as { metadata: { namespace: string; name: string; annotations: Record<string, string> } }
  ).metadata;
  try {
    return (await connection.request("POST", runsPath(namespace), { body: run })) as ClaudeRun;
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 409) throw error;
    const existing = (await connection.request("GET", runPath(namespace, name))) as ClaudeRun;
    if (existing.metadata.annotations?.[runIdAnnotation] === annotations[runIdAnnotation]) return existing;
    throw new ForeignRunError(
      `a ClaudeRun ${namespace}/${name} exists and belongs to another run; delete it, or rename it`,
      {
        cause: error,
      },
    );
  }
}

/**
 * Creates the run's Secrets, owned by it: whatever happens to us, they go with it. One that has the name already is a lost
 * answer's, an earlier try's or somebody else's, and we may not look: it makes room.
 */
export async function createSecrets(
  connection: Connection,
  run: ClaudeRun,
  secrets: readonly SecretData[],
): Promise<void> {
  const { namespace, name, uid, labels } = run.metadata;
  for (const secret of secrets) {
    const body = {
      apiVersion: "v1",
      kind: "Secret",
      type: "Opaque",
      immutable: true,
      metadata: {
        name: secret.name,
        namespace,
        labels,
        ownerReferences: [{ apiVersion, kind, name, uid }],
      },
      data: Object.fromEntries(secret.entries.map(({ key, content }) => [key, content.toString("base64")])),
    };
    await makeSecret(connection, run, body);
  }
}

/** Makes room as often as answers may be lost on the way. */
async function makeSecret(
  connection: Connection,
  run: ClaudeRun,
  body: { readonly metadata: { readonly name: string; readonly namespace: string } },
): Promise<void> {
  const { name, namespace } = body.metadata;
  for (let left = 5; ; left--) {
    try {
      await connection.request("POST", secretsPath(namespace), { body });
      return;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 409 || left === 0) throw error;
      await deleteSecrets(connection, run, [name]);
    }
  }
}

/**
 * Lets a run that was made suspended be admitted. Nobody asks which client owns which field of it: without that book, which
 * Kubernetes drops for this value, this write and the operator's three status writes are each a quarter cheaper.
 */
export async function releaseRun(connection: Connection, { metadata }: ClaudeRun): Promise<void> {
  const body = { metadata: { managedFields: [{}] }, spec: { suspend: false } };
  await connection.request("PATCH", runPath(metadata.namespace, metadata.name), { body });
}

/** Asks the operator to end the run; nothing if it is gone. */
export async function cancelRun(connection: Connection, { metadata }: ClaudeRun, cancelReason: string): Promise<void> {
  const body = { spec: { cancel: true, cancelReason: cancelReason.slice(0, 256) } };
  await connection.request("PATCH", runPath(metadata.namespace, metadata.name), { body }).catch(unlessGone);
}

/** Removes the run's Secrets. */
export async function deleteSecrets(
  connection: Connection,
  { metadata }: ClaudeRun,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    await connection.request("DELETE", `${secretsPath(metadata.namespace)}/${name}`).catch(unlessGone);
  }
}

function unlessGone(error: unknown): void {
  if (!(error instanceof ApiError) || error.code !== 404) throw error;
}
