/** "Test environment": one check for each thing that a run needs, each with what to do. */
import type {
  AdapterEnvironmentCheck,
  AdapterEnvironmentTestContext,
  AdapterEnvironmentTestResult,
} from "@paperclipai/adapter-utils";
import { group, plural, version } from "../../crds/names.ts";
import { ApiError, words, type Connection } from "../kubernetes/connection.ts";
import { connectionFor } from "../kubernetes/connections.ts";
import { leasesPath } from "../kubernetes/paths.ts";
import { readSettings, type Settings } from "../spec/settings.ts";
import { nameOf, permissions } from "./permissions.ts";

type Check = AdapterEnvironmentCheck;

/** Answers within seconds; without an API server with one error. */
export async function testEnvironment(ctx: AdapterEnvironmentTestContext): Promise<AdapterEnvironmentTestResult> {
  const checks = await checksOf(ctx.config);
  const worst = checks.some(({ level }) => level === "error")
    ? "fail"
    : checks.some(({ level }) => level === "warn")
      ? "warn"
      : "pass";
  return { adapterType: ctx.adapterType, status: worst, checks, testedAt: new Date().toISOString() };
}

async function checksOf(config: Record<string, unknown>): Promise<Check[]> {
  let settings: Settings;
  try {
    settings = readSettings(config);
  } catch (error) {
    return [failing("k8s_config_invalid", words(error), "Correct the key that the message names.")];
  }
  let connection: Connection;
  try {
    connection = connectionFor(settings.kubeconfig);
    await connection.once("GET", "/version", { timeoutMs: 10_000 });
  } catch (error) {
    const hint = "Check that the server runs in the cluster, or that kubeconfig names a file that it can read.";
    return [failing("k8s_api_unreachable", `The Kubernetes API can't be reached: ${words(error)}`, hint)];
  }
  const namespace = settings.namespace ?? connection.namespace ?? "default";
  const later = await Promise.all([
    crd(connection),
    operator(connection, settings),
    namespaceOf(connection, namespace),
    ...permissions.map((permission) => right(connection, namespace, permission)),
    claim(connection, namespace, settings),
  ]);
  return [
    { code: "k8s_api_reachable", level: "info", message: `The Kubernetes API answers at ${connection.server}.` },
    ...later.flat(),
    image(settings),
    credentials(settings),
    apiUrl(settings),
  ];
}

async function crd(connection: Connection): Promise<Check> {
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
async function operator(connection: Connection, { operatorLease }: Settings): Promise<Check> {
  const [namespace = "", name = ""] = operatorLease.split("/");
  try {
    const { spec } = (await connection.request("GET", `${leasesPath(namespace)}/${name}`)) as {
      spec?: { renewTime?: string; leaseDurationSeconds?: number; holderIdentity?: string };
    };
    const silentSeconds = Math.round((Date.now() - Date.parse(spec?.renewTime ?? "")) / 1_000);
    // Twice its time: clocks differ.
    if (silentSeconds <= 2 * (spec?.leaseDurationSeconds ?? 15)) {
      return {
        code: "k8s_operator_alive",
        level: "info",
        message: `The operator ${spec?.holderIdentity ?? name} leads.`,
      };
    }
    const since = Number.isNaN(silentSeconds) ? "never" : `not for ${silentSeconds} s`;
    return failing(
      "k8s_operator_silent",
      `The operator's Lease ${operatorLease} was ${since} renewed: runs would wait.`,
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

async function namespaceOf(connection: Connection, namespace: string): Promise<Check> {
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

async function right(
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

async function claim(
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

function image({ pod }: Settings): Check {
  return pod.image === undefined
    ? { code: "k8s_image_default", level: "info", message: "The operator's run.image is used." }
    : {
        code: "k8s_image_configured",
        level: "info",
        message: `Image ${pod.image}; whether it can be pulled shows the first run.`,
      };
}

function credentials({ credentialsSecretName, environment }: Settings): Check {
  const known = [
    "ANTHROPIC_API_KEY",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
  ];
  const found = known.find((name) => environment[name] !== undefined);
  if (found !== undefined) return { code: "claude_credentials_env", level: "info", message: `env has ${found}.` };
  if (credentialsSecretName !== undefined) {
    return {
      code: "claude_credentials_secret",
      level: "info",
      message: `The keys of Secret ${credentialsSecretName} become variables; the adapter does not read it.`,
    };
  }
  return warning(
    "claude_credentials_missing",
    "Neither credentialsSecretName nor a key in env is set.",
    "Name a Secret with ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN.",
  );
}

function apiUrl({ apiUrl: configured }: Settings): Check {
  const url = configured ?? process.env["PAPERCLIP_API_URL"];
  const hint = "Set PAPERCLIP_API_URL on the server, or paperclipApiUrl here, to an address that pods reach.";
  if (url === undefined)
    return warning(
      "paperclip_api_url_missing",
      "Pods are not told an address of this server that they can reach.",
      hint,
    );
  if (!URL.canParse(url)) return failing("paperclip_api_url_invalid", `${url} is no URL.`, hint);
  const { hostname } = new URL(url);
  if (hostname === "localhost" || hostname.startsWith("127.") || hostname === "[::1]") {
    return failing("paperclip_api_url_loopback", `${url} is the pod itself, not this server.`, hint);
  }
  return { code: "paperclip_api_url", level: "info", message: `Pods call this server at ${url}.` };
}

function failing(code: string, message: string, hint: string): Check {
  return { code, level: "error", message, hint };
}

function warning(code: string, message: string, hint: string): Check {
  return { code, level: "warn", message, hint };
}
