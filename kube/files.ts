/** Finds, reads and merges the files of a kubeconfig. */
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { readDocument } from "./document.ts";
import type { Environment } from "./environment.ts";
import { fileProblem, KubeconfigError } from "./errors.ts";
import type { Cluster, Kubeconfig, User } from "./types.ts";
import { decodeText, maxKubeconfigBytes } from "./yaml.ts";

/** The merged kubeconfig and its source. */
export interface LoadedFiles {
  readonly kubeconfig: Kubeconfig;
  /** Names the files in messages: "the kubeconfig /home/me/.kube/config". */
  readonly source: string;
}

/**
 * Reads `explicit`, which must exist, or else the files of KUBECONFIG, or else ~/.kube/config, any of which may be
 * absent. Throws KubeconfigError if an existing file cannot be read.
 */
export function readFiles(explicit: string | undefined, environment: Environment): LoadedFiles {
  const paths = explicit === undefined || explicit === "" ? defaultPaths(environment) : [explicit];
  const source = `the kubeconfig ${paths.join(delimiter)}`;
  const read: Kubeconfig[] = [];
  for (const path of paths) {
    const one = readFile(resolve(environment.directory, path), `the kubeconfig ${path}`, path === explicit);
    if (one !== undefined) read.push(one);
  }
  return { kubeconfig: merge(read), source };
}

function defaultPaths({ variables }: Environment): string[] {
  const list = variables["KUBECONFIG"] ?? "";
  if (list === "") return [join(variables["HOME"] ?? "", ".kube", "config")];
  return [...new Set(list.split(delimiter))].filter((path) => path !== "");
}

function readFile(path: string, source: string, isRequired: boolean): Kubeconfig | undefined {
  let bytes: Buffer;
  try {
    bytes = readBounded(path, source);
  } catch (error) {
    if (error instanceof KubeconfigError) throw error;
    if ((error as NodeJS.ErrnoException).code === "ENOENT" && !isRequired) return undefined;
    throw new KubeconfigError(`${source} cannot be read: ${fileProblem(error)}`, { cause: error });
  }
  return resolvePaths(readDocument(decodeText(bytes, source), source), dirname(path));
}

/** Reads a whole file, or a pipe until its end. */
function readBounded(path: string, source: string): Buffer {
  const descriptor = openSync(path, "r");
  try {
    const chunks: Buffer[] = [];
    for (let total = 0; ;) {
      const chunk = Buffer.allocUnsafe(64 * 1024);
      const length = readSync(descriptor, chunk);
      if (length === 0) return Buffer.concat(chunks);
      total += length;
      if (total > maxKubeconfigBytes) {
        throw new KubeconfigError(`${source} is larger than the limit of ${maxKubeconfigBytes} bytes`);
      }
      chunks.push(chunk.subarray(0, length));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** The first entry of a name wins as a whole; so does the first file that sets a current context. */
function merge(files: readonly Kubeconfig[]): Kubeconfig {
  const last = files.toReversed();
  return {
    currentContext: files.find(({ currentContext }) => currentContext !== "")?.currentContext ?? "",
    clusters: new Map(last.flatMap(({ clusters }) => [...clusters])),
    users: new Map(last.flatMap(({ users }) => [...users])),
    contexts: new Map(last.flatMap(({ contexts }) => [...contexts])),
  };
}

/**
 * Makes paths absolute: they are relative to their file's directory. A command without a slash is looked up in
 * PATH.
 */
function resolvePaths(kubeconfig: Kubeconfig, directory: string): Kubeconfig {
  const absolute = (path: string): string => (path === "" ? "" : resolve(directory, path));
  const ofCluster = (cluster: Cluster): Cluster => ({
    ...cluster,
    certificateAuthority: absolute(cluster.certificateAuthority),
  });
  const ofUser = (user: User): User => ({
    ...user,
    clientCertificate: absolute(user.clientCertificate),
    clientKey: absolute(user.clientKey),
    tokenFile: absolute(user.tokenFile),
    exec:
      user.exec?.command.includes("/") === true ? { ...user.exec, command: absolute(user.exec.command) } : user.exec,
  });
  return {
    ...kubeconfig,
    clusters: new Map([...kubeconfig.clusters].map(([name, cluster]) => [name, ofCluster(cluster)])),
    users: new Map([...kubeconfig.users].map(([name, user]) => [name, ofUser(user)])),
  };
}

/** True in a pod with a ServiceAccount token and the API server's address in its environment. */
export function isInPod({ variables, serviceAccountDirectory }: Environment): boolean {
  const isNamed = (name: string): boolean => (variables[name] ?? "") !== "";
  return (
    isNamed("KUBERNETES_SERVICE_HOST") &&
    isNamed("KUBERNETES_SERVICE_PORT") &&
    existsSync(join(serviceAccountDirectory, "token"))
  );
}
