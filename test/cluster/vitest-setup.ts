/** Before the cluster tests: is there a cluster, and can this process reach it? */
import { execFileSync } from "node:child_process";

const advice =
  "run them through the cluster: test/cluster/cluster up && test/cluster/cluster run npm run cluster-tests";

export default function setup(): void {
  if (!process.env["KUBECONFIG"]) throw new Error(`KUBECONFIG is not set; ${advice}`);
  try {
    execFileSync("kubectl", ["get", "--raw", "/readyz", "--request-timeout=10s"], { stdio: "pipe", timeout: 15_000 });
  } catch (error) {
    throw new Error(`the API server is not ready; ${advice}`, { cause: error });
  }
}
