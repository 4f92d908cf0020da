/** `release`: removes the finalizers that an uninstalled operator left on pods. Their results are lost. */
import { checkOperatorLease } from "../../client/checks/cluster-checks.ts";
import { ApiError } from "../../kube/api-error.ts";
import { fieldManager, finalizer } from "../../crds/names.ts";
import { usageError, CliError, serverMessage } from "../errors.ts";
import type { CommandContext } from "../command-context.ts";

/** Options of `release`, in addition to the common flags. */
export interface ReleaseOptions {
  readonly operatorLease: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

interface PodWithFinalizer {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly finalizers?: readonly string[];
  };
}

/** Removes the finalizer from every pod that has it. Fails while an operator runs, which would record the results. */
export async function release(ctx: CommandContext, { operatorLease, force, dryRun }: ReleaseOptions): Promise<number> {
  if (!/^[^/]+\/[^/]+$/.test(operatorLease))
    throw usageError(`--operator-lease ${operatorLease}: must be NAMESPACE/NAME`);
  const { connection, terminal, namespaceOrAll: namespace } = ctx;
  if (force !== true && dryRun !== true) {
    const { code, message } = await checkOperatorLease(connection, { operatorLease });
    if (code === "k8s_operator_alive") {
      throw new CliError(
        `${message} It records the results and releases the pods itself; with --force the results are lost`,
      );
    }
    // If the operator's state is unknown, keep the results. A release of another name has another Lease.
    if (code === "k8s_operator_check_failed" || code === "k8s_operator_lease_missing") {
      const advice =
        "Set --operator-lease to the operator's Lease; --force releases the pods without it, and their results are lost";
      throw new CliError(`${message} ${advice}`);
    }
  }
  const path = namespace === undefined ? "/api/v1/pods" : `/api/v1/namespaces/${namespace}/pods`;
  const query = { labelSelector: `app.kubernetes.io/managed-by=${fieldManager}` };
  const { items } = (await connection.request("GET", path, { query })) as {
    readonly items: readonly PodWithFinalizer[];
  };
  const withFinalizer = items.filter(({ metadata }) => metadata.finalizers?.includes(finalizer) === true);
  let exitCode = 0;
  for (const { metadata } of withFinalizer) {
    const pod = `pod ${metadata.namespace}/${metadata.name}`;
    if (dryRun === true) {
      terminal.printLine(`${pod} would be released`);
      continue;
    }
    try {
      await connection.request("PATCH", `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`, {
        // The uid matters: a new pod can have the same name.
        body: { metadata: { uid: metadata.uid, "$deleteFromPrimitiveList/finalizers": [finalizer] } },
        contentType: "application/strategic-merge-patch+json",
      });
      terminal.printLine(`${pod} released`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // 404: the pod was deleted meanwhile. 409: a new pod has its name.
      if (error.code === 404 || error.code === 409) continue;
      terminal.note(`error: cannot release ${pod}: ${serverMessage(error)}`);
      exitCode = 1;
    }
  }
  if (withFinalizer.length === 0)
    terminal.note(
      `no pod has the finalizer ${namespace === undefined ? "in any namespace" : `in namespace ${namespace}; use -A for all namespaces`}`,
    );
  return exitCode;
}
