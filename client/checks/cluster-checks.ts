/** Checks that the cluster can run agents, each with one request to the API server. */
import { group, plural, version } from "../../crds/names.ts";
import { ApiError, errorMessage } from "../../kube/api-error.ts";
import type { Connection } from "../../kube/connection.ts";
import { isRenewed, parseLease } from "../../kube/lease.ts";
import { claimPath, leasePath, runsPath } from "../paths.ts";
import { failed, warning, type Check } from "./check.ts";
import { permissionName, type permissions } from "./permissions.ts";

/** Checks that the API server serves ClaudeRun in the version that this client uses. */
export async function checkCrd(connection: Connection): Promise<Check> {
  const served = `${group}/${version}`;
  try {
    const list = (await connection.request("GET", `/apis/${served}`)) as { resources?: { name?: string }[] };
    if (list.resources?.some(({ name }) => name === plural) === true) {
      return { code: "k8s_crd_served", level: "info", message: `ClaudeRun is served as ${served}.` };
    }
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 404) {
      return warning(
        "k8s_crd_check_failed",
        `Cannot check whether ClaudeRun is served: ${errorMessage(error)}`,
        "Try again.",
      );
    }
  }
  return failed(
    "k8s_crd_missing",
    `ClaudeRun is not served as ${served}.`,
    "Install a version of the operator's Helm chart that matches this client.",
  );
}

/** Checks the operator's Lease: the leader renews it every few seconds, and without a leader runs wait. */
export async function checkOperatorLease(
  connection: Connection,
  { operatorLease }: { readonly operatorLease: string },
): Promise<Check> {
  const [namespace = "", name = ""] = operatorLease.split("/");
  try {
    const lease = parseLease(await connection.request("GET", leasePath(namespace, name)));
    const { holder, renewTime } = lease;
    const silentSeconds = Math.round((Date.now() - Date.parse(renewTime ?? "")) / 1_000);
    // An operator releases its Lease when it is stopped.
    const isReleased = holder === "";
    if (!isReleased && isRenewed(lease, Date.now(), 15_000))
      return { code: "k8s_operator_alive", level: "info", message: `Operator ${holder} is the leader.` };
    const state = Number.isNaN(silentSeconds) ? "was never renewed" : `was last renewed ${silentSeconds} s ago`;
    return failed(
      "k8s_operator_silent",
      `The operator's Lease ${operatorLease} ${isReleased ? "was released and no operator acquired it" : state}; new runs will wait.`,
      `Check the operator's pods and logs: kubectl -n ${namespace} get pods`,
    );
  } catch (error) {
    const isMissing = error instanceof ApiError && error.code === 404;
    return warning(
      isMissing ? "k8s_operator_lease_missing" : "k8s_operator_check_failed",
      isMissing
        ? `Lease ${operatorLease} does not exist: the operator is not installed, or its release has another name.`
        : `Cannot check whether the operator is alive: ${errorMessage(error)}`,
      isMissing
        ? "Install the operator's chart, or set operatorLease (--operator-lease) to NAMESPACE/NAME of its release."
        : `Bind the chart's Role that may read the Lease: kubectl -n ${namespace} create rolebinding (docs/adapter.md).`,
    );
  }
}

/** Checks that ClaudeRuns can be listed in the namespace of the runs. */
export async function checkNamespace(connection: Connection, namespace: string): Promise<Check> {
  try {
    await connection.request("GET", runsPath(namespace), {
      query: { limit: "1" },
    });
    return {
      code: "k8s_namespace_usable",
      level: "info",
      message: `ClaudeRuns can be listed in namespace ${namespace}.`,
    };
  } catch (error) {
    return failed(
      "k8s_namespace_check_failed",
      `Cannot use namespace ${namespace}: ${errorMessage(error)}`,
      "Create it or set another namespace, and grant the permissions below.",
    );
  }
}

/** Checks one permission with a SelfSubjectAccessReview. */
export async function checkPermission(
  connection: Connection,
  namespace: string,
  permission: (typeof permissions)[number],
): Promise<Check> {
  const code = `k8s_rbac_${permissionName(permission)}`;
  const action = `${permission.verb} ${permission.resource}${permission.subresource === undefined ? "" : `/${permission.subresource}`}`;
  const { isOptional = false, ...asked } = permission;
  const resourceAttributes = { namespace, ...asked };
  try {
    const review = (await connection.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
      body: { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec: { resourceAttributes } },
    })) as { status?: { allowed?: boolean } };
    if (review.status?.allowed === true) return { code, level: "info", message: `Allowed to ${action}.` };
    return (isOptional ? warning : failed)(
      code,
      `Not allowed to ${action} in namespace ${namespace}.`,
      "Bind the chart's ClusterRole RELEASE-paperclip to the server's ServiceAccount in that namespace.",
    );
  } catch (error) {
    return warning(
      code,
      `Cannot check the permission to ${action}: ${errorMessage(error)}`,
      "Grant create on selfsubjectaccessreviews, or try again.",
    );
  }
}

/** Checks the volume claim that keeps the workspace between runs, if one is set. */
export async function checkWorkspaceClaim(
  connection: Connection,
  namespace: string,
  { workspaceVolumeClaim: name }: { readonly workspaceVolumeClaim?: string | undefined },
): Promise<Check[]> {
  if (name === undefined) {
    return [
      warning(
        "k8s_workspace_not_kept",
        "workspaceVolumeClaim is not set: workspace and sessions are deleted after each run.",
        "Set workspaceVolumeClaim to a PersistentVolumeClaim to resume sessions.",
      ),
    ];
  }
  try {
    const { spec } = (await connection.request("GET", claimPath(namespace, name))) as {
      spec?: { accessModes?: string[] };
    };
    if (spec?.accessModes?.includes("ReadWriteMany") === true) {
      return [{ code: "k8s_pvc_rwx", level: "info", message: `Claim ${name} can be mounted on every node.` }];
    }
    return [
      warning(
        "k8s_pvc_not_rwx",
        `Claim ${name} has access mode ${spec?.accessModes?.join(", ") ?? "unknown"}: its pods must share one node.`,
        "Use ReadWriteMany, or one claim for each agent.",
      ),
    ];
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) {
      return [
        failed(
          "k8s_pvc_missing",
          `Claim ${name} does not exist in namespace ${namespace}.`,
          "Create it, or correct workspaceVolumeClaim.",
        ),
      ];
    }
    return [
      warning(
        "k8s_pvc_check_failed",
        `Cannot read claim ${name}: ${errorMessage(error)}`,
        "To check it, grant get on persistentvolumeclaims; runs do not need that permission.",
      ),
    ];
  }
}
