/** Creates the Secrets of a run before its admission, and deletes them after its end. */
import { secretPath, secretsPath, runPath } from "../client/paths.ts";
import type { NamespacedName } from "../client/runs.ts";
import type { ClaudeRun } from "../crds/claude-run.ts";
import { apiVersion, kind } from "../crds/names.ts";
import { ApiError, ignoreNotFound } from "../kube/api-error.ts";
import type { Connection } from "../kube/connection.ts";
import { runLabels } from "./spec/names.ts";
import type { SecretData } from "./spec/secrets.ts";

/**
 * Creates the run's Secrets with an owner reference, so they are deleted with the run. Replaces an existing Secret of
 * the same name: it may be from an earlier try or another client, and the adapter may not read Secrets.
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
    await createSecret(connection, body);
  }
}

/** Creates a Secret. Replaces an existing one, several times if responses are lost. */
async function createSecret(
  connection: Connection,
  body: { readonly metadata: { readonly name: string; readonly namespace: string } },
): Promise<void> {
  const { name, namespace } = body.metadata;
  for (let retries = 5; ; retries--) {
    try {
      await connection.request("POST", secretsPath(namespace), { body });
      return;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 409 || retries === 0) throw error;
      await deleteSecrets(connection, { namespace }, [name]);
    }
  }
}

/** Deletes the Secrets of a finished run, and the label with their number. */
export async function deleteRunSecrets(
  connection: Connection,
  { namespace, name }: NamespacedName,
  names: readonly string[],
): Promise<void> {
  await deleteSecrets(connection, { namespace }, names);
  const body = { metadata: { labels: { [runLabels.secrets]: null } } };
  await connection.request("PATCH", runPath(namespace, name), { body }).catch(ignoreNotFound);
}

/** Deletes Secrets; missing ones are ignored. */
export async function deleteSecrets(
  connection: Connection,
  { namespace }: Pick<NamespacedName, "namespace">,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    await connection.request("DELETE", secretPath(namespace, name)).catch(ignoreNotFound);
  }
}
