/**
 * Checks whether an operator works. A renewed Lease only proves that a process lives and may write the Lease. These
 * checks add runs without a status, the operator's pods and its bindings. Without permission the result is unknown.
 */
import { failed, warning, type Check } from "../../client/checks/check.ts";
import { ApiError, errorMessage } from "../../kube/api-error.ts";
import type { Connection } from "../../kube/connection.ts";
import { runsPath } from "../../client/paths.ts";

/** The operator to check, and the namespace of the runs. */
export interface OperatorLocation {
  /** Namespace of the runs. */
  readonly namespace: string;
  /** Namespace and name of the operator, as in its Lease. */
  readonly operatorNamespace: string;
  readonly operatorName: string;
}

interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
}

interface List<T> {
  readonly items: readonly (T & { readonly metadata: Meta })[];
}

interface Pod {
  readonly spec?: { readonly serviceAccountName?: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

interface Binding {
  readonly roleRef?: { readonly name?: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

/** Age of a run that must have a status; an operator writes one within a second. */
const unseenMs = 30_000;
const pageSize = "500";

/** Returns one check each of the operator's pods, its role bindings and the runs. */
export async function checkOperator(connection: Connection, location: OperatorLocation): Promise<Check[]> {
  const pods = await operatorPods(connection, location).catch(asUnknown);
  const account = pods instanceof ApiError ? undefined : pods.at(0)?.spec?.serviceAccountName;
  const [unseen, binding] = await Promise.all([
    checkUnseenRuns(connection, location.namespace),
    checkBinding(connection, location, account ?? location.operatorName),
  ]);
  return [pods instanceof ApiError ? unknownPods(location, pods) : podsReadyCheck(location, pods), binding, unseen];
}

async function operatorPods(connection: Connection, location: OperatorLocation): Promise<List<Pod>["items"]> {
  const path = `/api/v1/namespaces/${encodeURIComponent(location.operatorNamespace)}/pods`;
  const labelSelector = "app.kubernetes.io/component=operator";
  const { items } = (await connection.request("GET", path, { query: { labelSelector } })) as List<Pod>;
  return items.filter(
    ({ metadata }) => metadata.name.startsWith(`${location.operatorName}-`) && metadata.deletionTimestamp === undefined,
  );
}

function unknownPods({ operatorNamespace }: OperatorLocation, error: ApiError): Check {
  return warning(
    "k8s_operator_pods_unknown",
    `Cannot check whether the operator's pods are ready: ${errorMessage(error)}`,
    `Ask a user who may list pods in namespace ${operatorNamespace} to run this command.`,
  );
}

function podsReadyCheck({ operatorNamespace, operatorName }: OperatorLocation, pods: List<Pod>["items"]): Check {
  if (pods.length === 0) {
    return warning(
      "k8s_operator_pods_missing",
      `Operator ${operatorName} has no pod in namespace ${operatorNamespace}.`,
      "Install the operator's chart, or set --operator-lease to NAMESPACE/NAME of its release.",
    );
  }
  const unready = pods.filter(
    ({ status }) => status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") !== true,
  );
  const [first] = unready;
  if (first === undefined) {
    const message = `All ${pods.length} pods of the operator are ready.`;
    return { code: "k8s_operator_ready", level: "info", message };
  }
  const which = `${unready.length} of ${pods.length} pods of the operator are not ready, such as ${first.metadata.name}.`;
  const hint = `Read its log: kubectl -n ${operatorNamespace} logs ${first.metadata.name}`;
  return (unready.length === pods.length ? failed : warning)("k8s_operator_not_ready", which, hint);
}

/** Looks for a binding by its subject alone; the chart defines the permissions of the role. */
async function checkBinding(connection: Connection, location: OperatorLocation, account: string): Promise<Check> {
  const { namespace, operatorNamespace, operatorName } = location;
  const subject = `ServiceAccount ${operatorNamespace}/${account}`;
  const rbac = "/apis/rbac.authorization.k8s.io/v1";
  const inNamespace = `${rbac}/namespaces/${encodeURIComponent(namespace)}/rolebindings`;
  try {
    for (const path of [`${rbac}/clusterrolebindings`, inNamespace]) {
      const { items } = (await connection.request("GET", path)) as List<Binding>;
      const found = items.find((each) => binds(each, operatorNamespace, account) && !isUnrelated(each, operatorName));
      if (found !== undefined) {
        const kind = path === inNamespace ? "RoleBinding" : "ClusterRoleBinding";
        return {
          code: "k8s_operator_bound",
          level: "info",
          message: `${kind} ${found.metadata.name} names the operator's ${subject}.`,
        };
      }
    }
  } catch (error) {
    return warning(
      "k8s_operator_bindings_unknown",
      `Cannot check the operator's role bindings: ${errorMessage(error)}`,
      "Ask a user who may list clusterrolebindings and rolebindings to run this command.",
    );
  }
  return failed(
    "k8s_operator_unbound",
    `No ClusterRoleBinding, and no RoleBinding in namespace ${namespace}, names the operator's ${subject}.`,
    `Run helm upgrade for the operator's release, or add ${namespace} to its watchNamespaces.`,
  );
}

function binds({ subjects = [] }: Binding, namespace: string, account: string): boolean {
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
  return subjects.some((subject) =>
    subject.kind === "Group"
      ? groups.includes(subject.name)
      : subject.kind === "ServiceAccount" && subject.name === account && subject.namespace === namespace,
  );
}

/** Bindings for the Lease, and Kubernetes' own bindings for all ServiceAccounts, grant no access to runs. */
function isUnrelated({ roleRef: { name = "" } = {} }: Binding, operatorName: string): boolean {
  return name === `${operatorName}-lease` || name.startsWith("system:");
}

async function checkUnseenRuns(connection: Connection, namespace: string): Promise<Check> {
  try {
    const query = { fieldSelector: "status.phase=", limit: pageSize };
    const { items } = (await connection.request("GET", runsPath(namespace), { query })) as List<object>;
    const nowMs = Date.now();
    const unseen = items
      .map(({ metadata }) => ({ name: metadata.name, ageMs: nowMs - Date.parse(metadata.creationTimestamp ?? "") }))
      .filter(({ ageMs }) => ageMs > unseenMs)
      .sort((a, b) => b.ageMs - a.ageMs);
    const [oldest] = unseen;
    if (oldest === undefined) {
      const message = `All ClaudeRuns in namespace ${namespace} older than ${unseenMs / 1000} s have a status.`;
      return { code: "k8s_runs_seen", level: "info", message };
    }
    const waits = `${unseen.length} ClaudeRuns in namespace ${namespace} have no status; ${oldest.name} was created ${Math.round(oldest.ageMs / 1000)} s ago.`;
    return failed(
      "k8s_runs_unseen",
      `${waits} No operator processes this namespace.`,
      "Check the operator's role bindings, its watchNamespaces, and its log.",
    );
  } catch (error) {
    return warning(
      "k8s_runs_unseen_unknown",
      `Cannot check whether an operator processes namespace ${namespace}: ${errorMessage(error)}`,
      "Ask an administrator to bind the ClusterRole edit to you in that namespace.",
    );
  }
}

function asUnknown(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  throw error;
}
