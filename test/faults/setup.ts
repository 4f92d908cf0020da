/** Before the faults: the CRD is there, and the installed operator sleeps, as the faults bring operators of their own. */
import { applyCrd } from "../cluster/crd.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { operatorNamespace, release } from "../install.ts";

const advice = "run them by: npm run test:faults";

/** Returns what wakes the installed operator up again. */
export default async function setup(): Promise<() => Promise<void>> {
  if (!process.env["KUBECONFIG"]) throw new Error(`KUBECONFIG is not set; ${advice}`);
  await applyCrd().catch((cause: unknown) => {
    throw new Error(`the API server is not ready; ${advice}`, { cause });
  });
  const operator = ["-n", operatorNamespace, "deployment", release];
  const replicas = await kubectl(["get", ...operator, "--ignore-not-found", "-o", "jsonpath={.spec.replicas}"]);
  if (replicas === "") return () => Promise.resolve();
  await scale(0);
  await kubectl([
    ...["-n", operatorNamespace, "wait", "pods", "-l", "app.kubernetes.io/component=operator"],
    ...["--for=delete", "--timeout=180s"],
  ]);
  return () => scale(Number(replicas));
}

async function scale(replicas: number): Promise<void> {
  await kubectl(["-n", operatorNamespace, "scale", `deployment/${release}`, `--replicas=${replicas}`]);
}
