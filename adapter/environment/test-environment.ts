/** "Test environment": checks each precondition of a run, with the next step. */
import type { AdapterEnvironmentTestContext, AdapterEnvironmentTestResult } from "@paperclipai/adapter-utils";
import { errorMessage } from "../../kube/api-error.ts";
import type { Connection } from "../../kube/connection.ts";
import type { ConnectionCache } from "../kubernetes/connections.ts";
import { readSettings, type Settings } from "../spec/settings.ts";
import { failed, type Check } from "../../client/checks/check.ts";
import {
  checkWorkspaceClaim,
  checkCrd,
  checkNamespace,
  checkOperatorLease,
  checkPermission,
} from "../../client/checks/cluster-checks.ts";
import { permissions } from "../../client/checks/permissions.ts";
import { checkApiUrl, checkCredentials, checkImage } from "./settings-checks.ts";

/** Returns all checks within seconds; if the API server is unreachable, only that error. */
export async function testEnvironment(
  connections: ConnectionCache,
  ctx: AdapterEnvironmentTestContext,
): Promise<AdapterEnvironmentTestResult> {
  const checks = await checksOf(connections, ctx.config);
  const worst = checks.some(({ level }) => level === "error")
    ? "fail"
    : checks.some(({ level }) => level === "warn")
      ? "warn"
      : "pass";
  return { adapterType: ctx.adapterType, status: worst, checks, testedAt: new Date().toISOString() };
}

async function checksOf(connections: ConnectionCache, config: Record<string, unknown>): Promise<Check[]> {
  let settings: Settings;
  try {
    settings = readSettings(config);
  } catch (error) {
    return [failed("k8s_config_invalid", errorMessage(error), "Correct the key in the message.")];
  }
  let connection: Connection;
  try {
    connection = connections.get(settings.kubeconfig);
    await connection.once("GET", "/version", { timeoutMs: 10_000 });
  } catch (error) {
    const hint = "Run the server in the cluster, or set kubeconfig to a file in CLAUDERUN_KUBECONFIG_DIR.";
    return [failed("k8s_api_unreachable", `Cannot reach the Kubernetes API: ${errorMessage(error)}`, hint)];
  }
  const namespace = settings.namespace ?? connection.namespace ?? "default";
  const later = await Promise.all([
    checkCrd(connection),
    checkOperatorLease(connection, settings),
    checkNamespace(connection, namespace),
    ...permissions.map((permission) => checkPermission(connection, namespace, permission)),
    checkWorkspaceClaim(connection, namespace, settings),
  ]);
  return [
    { code: "k8s_api_reachable", level: "info", message: `The Kubernetes API answers at ${connection.server}.` },
    ...later.flat(),
    checkImage(settings),
    checkCredentials(settings),
    checkApiUrl(settings),
  ];
}
