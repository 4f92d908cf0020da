/** The operator on the test cluster: started again with other settings, or in another number. */
import { kubectl } from "../cluster/kubectl.ts";
import { eventually } from "../eventually.ts";
import { operatorNamespace, release } from "../install.ts";

/** Sets environment variables of the operator (empty: absent) and resolves once only the new processes are there. */
export async function configureOperator(settings: Readonly<Record<string, string>>): Promise<void> {
  const operator = (...args: string[]): Promise<string> => kubectl(["-n", operatorNamespace, ...args]);
  const deployment = `deployment/${release}`;
  await operator("set", "env", deployment, ...Object.entries(settings).map(([name, value]) => `${name}=${value}`));
  await operator("rollout", "status", deployment, "--timeout=120s");
  const replicas = Number(await operator("get", deployment, "-o", "jsonpath={.spec.replicas}"));
  const pods = ["get", "pods", "-l", "app.kubernetes.io/component=operator", "-o", "name"];
  const areNew = async (): Promise<boolean> => (await operator(...pods)).trim().split("\n").length === replicas;
  await eventually("the operator's old processes are gone", areNew, 60_000);
}

/** Lets so many replicas run; resolves once they are ready, or all gone. */
export async function scaleOperator(replicas: number): Promise<void> {
  const operator = (...args: string[]): Promise<string> => kubectl(["-n", operatorNamespace, ...args]);
  await operator("scale", `deployment/${release}`, `--replicas=${replicas}`);
  if (replicas > 0) await operator("rollout", "status", `deployment/${release}`, "--timeout=180s");
  else await operator("wait", "pods", "-l", "app.kubernetes.io/component=operator", "--for=delete", "--timeout=180s");
}
