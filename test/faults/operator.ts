/** The operator as it is shipped, one process: the bundle, for one namespace, by a kubeconfig that may point elsewhere. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { kubectl } from "../cluster/kubectl.ts";
import { agentImage } from "../install.ts";
import { Replica } from "./replicas.ts";
import type { Scene } from "./scene.ts";

const bundle = fileURLToPath(new URL("../../dist/operator.mjs", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "claude-run-faults-"));
let started = 0;

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly server: string } }[];
}

export interface OperatorOptions {
  /** Where the API server is, as the operator sees it; absent: where it is. */
  readonly server?: string;
  /** Options of node before the bundle. */
  readonly node?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the operator for a scene's namespace; its log is in a file. */
export async function startOperator(scene: Scene, options: OperatorOptions = {}): Promise<Replica> {
  started += 1;
  const { node = [], env = {}, server } = options;
  const operator = new Replica([...node, bundle], {
    logFile: join(directory, `${scene.namespace}-${started}.log`),
    env: {
      WATCH_NAMESPACES: scene.namespace,
      RUN_IMAGE: agentImage,
      HEALTH_PORT: "0",
      ...(server === undefined ? {} : { KUBECONFIG: await kubeconfigFor(server) }),
      ...env,
    },
  });
  operator.start();
  return operator;
}

/** Two of them, one of which leads. */
export async function startTwo(scene: Scene): Promise<readonly [Replica, Replica]> {
  const options = { env: { LEASE_NAMESPACE: scene.namespace } };
  return [await startOperator(scene, options), await startOperator(scene, options)];
}

/** Where the API server is, by the kubeconfig. */
export async function apiServer(): Promise<string> {
  return (await rawKubeconfig()).clusters[0]?.cluster.server ?? "";
}

/** A kubeconfig like the cluster's own that leads to another address. */
export async function kubeconfigFor(server: string): Promise<string> {
  const config = await rawKubeconfig();
  // client-node speaks plain HTTP only if it need not verify anything.
  const verified = server.startsWith("http:") ? { "insecure-skip-tls-verify": true } : {};
  const clusters = config.clusters.map((each) => ({ ...each, cluster: { ...each.cluster, ...verified, server } }));
  const file = join(directory, `${new URL(server).port}.kubeconfig`);
  writeFileSync(file, JSON.stringify({ ...config, clusters }), { mode: 0o600 });
  return file;
}

async function rawKubeconfig(): Promise<Kubeconfig> {
  return JSON.parse(await kubectl(["config", "view", "--raw", "--minify", "--flatten", "-o", "json"])) as Kubeconfig;
}
