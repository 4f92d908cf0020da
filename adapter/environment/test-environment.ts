/** "Test environment": one check for each thing that a run needs, each with what to do. */
import type { AdapterEnvironmentTestContext, AdapterEnvironmentTestResult } from "@paperclipai/adapter-utils";
import { words } from "../kubernetes/api-error.ts";
import type { Connection } from "../kubernetes/connection.ts";
import { connectionFor } from "../kubernetes/connections.ts";
import { readSettings, type Settings } from "../spec/settings.ts";
import { failing, type Check } from "./check.ts";
import { claim, crd, namespaceOf, operator, right } from "./cluster-checks.ts";
import { permissions } from "./permissions.ts";
import { apiUrl, credentials, image } from "./settings-checks.ts";

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
