/**
 * Installs the operator's Helm chart, or upgrades it, with the images that `cluster images` has loaded. Quick when
 * nothing has changed. The demo and the cluster tests call it; by hand:
 *   test/cluster/cluster run node test/install.ts
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const checkout = fileURLToPath(new URL("..", import.meta.url));

/** The release's name, which is the Deployment's as well. */
export const release = "claude-run";
export const operatorNamespace = "claude-run-system";
/** What the operator gives a run that names no image. */
export const agentImage = "localhost/claude-run/agent:dev";
/** The operator's own. */
export const operatorImage = "localhost/claude-run/operator:dev";

const restricted = "pod-security.kubernetes.io/enforce=restricted";
/** All that the operator's image is made of: see `copied` in test/cluster/lib/images.sh. */
const imageSources = ["Dockerfile", "test/images/package-lock.json", "dist/operator.mjs", "dist/runner.mjs"];

export interface InstallOptions {
  readonly signal?: AbortSignal;
  /** Values of the chart beside the images, in helm's words: `{"watchNamespaces": "{a,b}"}`. */
  readonly values?: Readonly<Record<string, string>>;
}

/** Resolves when the operator is ready. Needs KUBECONFIG and helm on PATH: run it through `test/cluster/cluster run`. */
export async function installOperator(say: (line: string) => void, options: InstallOptions = {}): Promise<void> {
  if (!process.env["KUBECONFIG"]) throw new Error("KUBECONFIG is not set; use: test/cluster/cluster run CMD...");
  const startedMs = Date.now();
  say(`installing the Helm chart: release ${release} in namespace ${operatorNamespace}`);
  const beat = setInterval(() => say(`  … ${secondsSince(startedMs)} s, waiting for the operator to be ready`), 3_000);
  try {
    await makeNamespace();
    await upgrade(say, options);
  } catch (error) {
    throw new Error(`the chart could not be installed: ${reasonOf(error)}`, { cause: error });
  } finally {
    clearInterval(beat);
  }
  say(`the operator is ready (${secondsSince(startedMs)} s)`);
}

async function upgrade(say: (line: string) => void, { signal, values = {} }: InstallOptions): Promise<void> {
  const options = { timeout: 140_000, ...(signal === undefined ? {} : { signal }) };
  try {
    await run("helm", helmArguments(values), options);
  } catch (error) {
    if (!reasonOf(error).includes("another operation (install/upgrade/rollback) is in progress")) throw error;
    say("  an earlier install was cut short: clearing its record");
    const unfinished = `owner=helm,name=${release},status in (pending-install,pending-upgrade,pending-rollback)`;
    await run("kubectl", ["delete", "secrets", "-n", operatorNamespace, "-l", unfinished]);
    await run("helm", helmArguments(values), options);
  }
}

async function makeNamespace(): Promise<void> {
  const { stdout } = await run("kubectl", ["get", "namespace", operatorNamespace, "--ignore-not-found", "-o", "name"]);
  if (stdout === "") await run("kubectl", ["create", "namespace", operatorNamespace]);
  await run("kubectl", ["label", "--overwrite", "namespace", operatorNamespace, restricted]);
}

function helmArguments(more: NonNullable<InstallOptions["values"]>): string[] {
  const values = {
    image: operatorImage,
    "run.image": agentImage,
    // The tag is always :dev, so that without this a new image would not reach the running pod.
    "podAnnotations.claude-run/image": imageId(),
  };
  return [
    ...["upgrade", "--install", release, `${checkout}charts/claude-run-operator`, "--namespace", operatorNamespace],
    // A CRD that kubectl had applied before becomes the release's own.
    ...["--take-ownership", "--wait", "--timeout=120s", "--history-max=3"],
    ...Object.entries(values).flatMap(([name, value]) => ["--set-string", `${name}=${value}`]),
    ...Object.entries(more).flatMap(([name, value]) => ["--set", `${name}=${value}`]),
  ];
}

function imageId(): string {
  const hash = createHash("sha256");
  for (const file of imageSources) hash.update(readFileSync(checkout + file));
  return hash.digest("hex").slice(0, 12);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { stderr } = error as Error & { stderr?: string };
  const reason = stderr?.trim() || error.message;
  return reason.includes("deadline exceeded") ? `the operator was not ready in time (helm: ${reason})` : reason;
}

function secondsSince(ms: number): string {
  return ((Date.now() - ms) / 1000).toFixed(1);
}

if (import.meta.main) await installOperator((line) => console.log(line));
