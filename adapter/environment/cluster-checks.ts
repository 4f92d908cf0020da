/** What the cluster must have for a run: one question to the API server each. */
import { group, plural, version } from "../../crds/names.ts";
import { ApiError, words } from "../kubernetes/api-error.ts";
import type { Connection } from "../kubernetes/connection.ts";
import { leasesPath } from "../kubernetes/paths.ts";
import type { Settings } from "../spec/settings.ts";
import { failing, warning, type Check } from "./check.ts";
import { nameOf, type permissions } from "./permissions.ts";

/** Is ClaudeRun served, in the version that the adapter speaks? */
export async function crd(connection: Connection): Promise<Check> {
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
        `Whether ClaudeRun is served can't be told: ${words(error)}`,
        "Try again.",
      );
    }
  }
  return failing(
    "k8s_crd_missing",
    `ClaudeRun is not served as ${served}.`,
    "Install the operator's Helm chart, in a version that fits this adapter.",
  );
}

/** Somebody has to answer the ClaudeRuns: the operator that leads renews its Lease every few seconds. */
export async function operator(
  connection: Connection,
  { operatorLease }: Pick<Settings, "operatorLease">,
): Promise<Check> {
  const [namespace = "", name = ""] = operatorLease.split("/");
  try {
    const { spec } = (await connection.request("GET", `${leasesPath(namespace)}/${name}`)) as {
      spec?: { renewTime?: string; leaseDurationSeconds?: number; holderIdentity?: string };
    };
    const silentSeconds = Math.round((Date.now() - Date.parse(spec?.renewTime ?? "")) / 1_000);
    // Given back by an operator that was stopped.
    const isReleased = spec?.holderIdentity === "";
    // Twice its time: clocks differ.
    if (!isReleased && silentSeconds <= 2 * (spec?.leaseDurationSeconds ?? 15)) {
      return {
        code: "k8s_operator_alive",
        level: "info",
        message: `The operator ${spec?.holderIdentity ?? name} leads.`,
      };
    }
    const since = Number.isNaN(silentSeconds) ? "never renewed" : `not renewed for ${silentSeconds} s`;
    return failing(
      "k8s_operator_silent",
      `The operator's Lease ${operatorLease} was ${isReleased ? "given back and nobody took it" : since}: runs would wait.`,
      `kubectl -n ${namespace} get pods, and the operator's logs.`,
    );
  } catch (error) {
    const isMissing = error instanceof ApiError && error.code === 404;
    return warning(
      isMissing ? "k8s_operator_lease_missing" : "k8s_operator_check_failed",
      isMissing
        ? `There is no Lease ${operatorLease}: no operator, or one under another name.`
        : `Whether the operator is alive can't be told: ${words(error)}`,
      isMissing
        ? "Install the operator's chart, or set operatorLease to NAMESPACE/NAME of its release."
        : `Bind the Role of the operator's chart that may read it: kubectl -n ${namespace} create rolebinding (docs/adapter.md).`,
    );
  }
}

/** Can ClaudeRuns be listed where they would be made? */
export async function namespaceOf(connection: Connection, namespace: string): Promise<Check> {
  try {
    await connection.request("GET", `/apis/${group}/${version}/namespaces/${namespace}/${plural}`, {
      query: { limit: "1" },
    });
    return {
      code: "k8s_namespace_usable",
      level: "info",
      message: `ClaudeRuns can be listed in namespace ${namespace}.`,
    };
  } catch (error) {
    return failing(
      "k8s_namespace_check_failed",
      `Namespace ${namespace} can't be used: ${words(error)}`,
      "Create it, or correct the key namespace, and grant the rights below.",
    );
  }
}

/** One right, by a review of it. */
export async function right(
  connection: Connection,
  namespace: string,
  permission: (typeof permissions)[number],
): Promise<Check> {
  const code = `k8s_rbac_${nameOf(permission)}`;
  const what = `${permission.verb} ${permission.resource}${permission.subresource === undefined ? "" : `/${permission.subresource}`}`;
  const { isForTests = false, ...asked } = permission;
  const resourceAttributes = { namespace, ...asked };
  try {
    const review = (await connection.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
      body: { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec: { resourceAttributes } },
    })) as { status?: { allowed?: boolean } };
    if (review.status?.allowed === true) return { code, level: "info", message: `May ${what}.` };
    return (isForTests ? warning : failing)(
      code,
      `May not ${what} in ${namespace}.`,
      "Bind the chart's ClusterRole RELEASE-paperclip to the server's ServiceAccount in that namespace.",
    );
  } catch (error) {
    return warning(
      code,
      `Whether it may ${what} can't be told: ${words(error)}`,
      "Grant create on selfsubjectaccessreviews, or try again.",
    );
  }
}

/** The workspace that outlives its runs, if there is one. */
export async function claim(
  connection: Connection,
  namespace: string,
  { workspaceVolumeClaim: name }: Settings,
): Promise<Check[]> {
  if (name === undefined) {
    return [
      warning(
        "k8s_workspace_not_kept",
        "No workspaceVolumeClaim: workspace and sessions end with each run.",
        "Name a PersistentVolumeClaim to resume sessions.",
      ),
    ];
  }
  try {
    const { spec } = (await connection.request(
      "GET",
      `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`,
    )) as {
      spec?: { accessModes?: string[] };
    };
    if (spec?.accessModes?.includes("ReadWriteMany") === true) {
      return [{ code: "k8s_pvc_rwx", level: "info", message: `Claim ${name} can be used on every node.` }];
    }
    return [
      warning(
        "k8s_pvc_not_rwx",
        `Claim ${name} is ${spec?.accessModes?.join(", ") ?? "of no access mode"}: its pods share one node.`,
        "Use ReadWriteMany, or a claim for each agent.",
      ),
    ];
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) {
      return [
        failing(
          "k8s_pvc_missing",
          `Claim ${name} does not exist in ${namespace}.`,
          "Create it, or correct workspaceVolumeClaim.",
        ),
      ];
    }
    return [
      warning(
        "k8s_pvc_check_failed",
        `Claim ${name} can't be read: ${words(error)}`,
        "Grant get on persistentvolumeclaims to have it checked; runs do not need it.",
      ),
    ];
  }
}
