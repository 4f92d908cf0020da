/** `release`: sets pods free that wait for an operator that is gone. Their results are given up. */
import { operator } from "../../adapter/environment/cluster-checks.ts";
import { ApiError } from "../../adapter/kubernetes/api-error.ts";
import { fieldManager, finalizer } from "../../crds/names.ts";
import { misuse, Problem, saidBy } from "../problem.ts";
import type { Session } from "../session.ts";

/** What `release` takes beside the common flags. */
export interface ReleaseOptions {
  readonly operatorLease: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

interface HeldPod {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly finalizers?: readonly string[] };
}

/** Takes our finalizer off every pod that has it. Refuses while an operator is at work, which would record the results. */
export async function release(session: Session, { operatorLease, force, dryRun }: ReleaseOptions): Promise<number> {
  if (!/^[^/]+\/[^/]+$/.test(operatorLease)) throw misuse(`--operator-lease ${operatorLease}: must be NAMESPACE/NAME`);
  const { connection, terminal, namespaces: namespace } = session;
  if (force !== true && dryRun !== true) {
    const { code, message } = await operator(connection, { operatorLease });
    if (code === "k8s_operator_alive") {
      throw new Problem(
        `${message} It records the results and lets the pods go by itself; --force gives the results up`,
      );
    }
    // Not knowing is no reason to throw results away.
    if (code === "k8s_operator_check_failed") throw new Problem(`${message} --force goes on all the same`);
  }
  const path = namespace === undefined ? "/api/v1/pods" : `/api/v1/namespaces/${namespace}/pods`;
  const query = { labelSelector: `app.kubernetes.io/managed-by=${fieldManager}` };
  const { items } = (await connection.request("GET", path, { query })) as { readonly items: readonly HeldPod[] };
  const held = items.filter(({ metadata }) => metadata.finalizers?.includes(finalizer) === true);
  let exitCode = 0;
  for (const { metadata } of held) {
    const pod = `pod ${metadata.namespace}/${metadata.name}`;
    if (dryRun === true) {
      terminal.say(`${pod} would be released`);
      continue;
    }
    try {
      await connection.request("PATCH", `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`, {
        body: { metadata: { "$deleteFromPrimitiveList/finalizers": [finalizer] } },
        contentType: "application/strategic-merge-patch+json",
      });
      terminal.say(`${pod} released`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // It went while we were at it.
      if (error.code === 404) continue;
      terminal.note(`error: ${pod} could not be released: ${saidBy(error)}`);
      exitCode = 1;
    }
  }
  if (held.length === 0)
    terminal.note(
      `no pod is held ${namespace === undefined ? "in any namespace" : `in namespace ${namespace}: -A looks in all`}`,
    );
  return exitCode;
}
