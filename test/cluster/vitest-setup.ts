/** Before the cluster tests: is there a cluster, can this process reach it? Then the operator and the fake API go on it. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { installOperator } from "../install.ts";

const advice =
  "run them through the cluster: test/cluster/cluster up && test/cluster/cluster run npm run cluster-tests";

export default async function setup(): Promise<void> {
  if (!process.env["KUBECONFIG"]) throw new Error(`KUBECONFIG is not set; ${advice}`);
  try {
    execFileSync("kubectl", ["get", "--raw", "/readyz", "--request-timeout=10s"], { stdio: "pipe", timeout: 15_000 });
  } catch (error) {
    throw new Error(`the API server is not ready; ${advice}`, { cause: error });
  }
  await installOperator((line) => console.error(line));
  execFileSync("kubectl", ["apply", "-f", "test/fake-api/fake-api.yaml"], { stdio: "pipe", timeout: 30_000 });
  // The image's tag stays the same when the server changes.
  const id = createHash("sha256").update(readFileSync("test/fake-api/fake-api.mjs")).digest("hex").slice(0, 12);
  const template = { metadata: { annotations: { "claude-run/image": id } } };
  const patch = ["patch", "-n", "fake-api", "deployment/fake-api", "-p", JSON.stringify({ spec: { template } })];
  execFileSync("kubectl", patch, { stdio: "pipe", timeout: 30_000 });
  const ready = ["-n", "fake-api", "rollout", "status", "deployment/fake-api", "--timeout=180s"];
  execFileSync("kubectl", ready, { stdio: "pipe", timeout: 70_000 });
}
