/** Access to a cluster by a kubeconfig or by the ServiceAccount of a pod: address and credentials. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Socket } from "node:net";
import { checkChoice, choose, printable, type Choice, type Overrides } from "./choice.ts";
import { CredentialSource, type Credentials } from "./credentials.ts";
import { dial, type Route } from "./dial.ts";
import { readDocument } from "./document.ts";
import { processEnvironment, type Environment } from "./environment.ts";
import { KubeconfigError, NoKubeconfigError } from "./errors.ts";
import { isInPod, readFiles } from "./files.ts";
import { environmentProxy, parseProxyUrl } from "./proxies.ts";
import { parseServer } from "./server-url.ts";
import type { TlsOptions } from "./tls.ts";
import { emptyUser, type Kubeconfig } from "./types.ts";
import { rejectUntrusted, type Trust } from "./untrusted.ts";
import { credentialParts, type UserOptions } from "./user.ts";
import { maxKubeconfigBytes } from "./yaml.ts";

export interface LoadOptions extends Overrides {
  /** A file that must exist, instead of KUBECONFIG and ~/.kube/config. */
  readonly kubeconfig?: string | undefined;
  /** True while this process reads stdin; a credential plugin then gets no stdin. */
  readonly isStdinTaken?: () => boolean;
  readonly environment?: Environment;
}

export class ClusterAccess {
  /** Address as in the kubeconfig, for messages. */
  readonly server: string;
  /** Destination of requests: the server, or the HTTP proxy of a server without TLS. */
  readonly origin: string;
  /** Prefix of each request's path. */
  readonly pathPrefix: string;
  /** Namespace of the context or the pod; undefined if neither names one. */
  readonly namespace: string | undefined;
  readonly contexts: readonly string[];
  readonly isTls: boolean;
  readonly #route: Route;
  readonly #source: CredentialSource;

  /** Throws KubeconfigError or CredentialsError. */
  constructor(choice: Choice, options: AccessOptions) {
    const { environment } = options;
    const subject = `${options.source}: the cluster ${printable(choice.clusterName)}`;
    const server = parseServer(choice.cluster.server, subject);
    const { proxyUrl } = choice.cluster;
    const proxy = proxyUrl === "" ? environmentProxy(server, environment.variables) : parseProxyUrl(proxyUrl, subject);
    const isForwarded = !server.isTls && (proxy?.kind === "http" || proxy?.kind === "https");
    const authority = `${server.isTls ? "https" : "http"}://${server.authority}`;
    const proxyHost = proxy?.host.includes(":") === true ? `[${proxy.host}]` : (proxy?.host ?? "");
    this.#route = { server, proxy };
    this.server = authority + server.path;
    this.isTls = isForwarded ? proxy.kind === "https" : server.isTls;
    this.origin = isForwarded ? `${proxy.kind}://${proxyHost}:${proxy.port}` : authority;
    this.pathPrefix = isForwarded ? authority + server.path : server.path;
    this.namespace = choice.namespace === "" ? undefined : choice.namespace;
    this.contexts = options.contexts;
    const { headers, ...parts } = credentialParts(choice, server, options);
    const toProxy = {
      host: server.authority,
      ...(proxy?.basicAuth === "" ? {} : { "proxy-authorization": proxy?.basicAuth ?? "" }),
    };
    this.#source = new CredentialSource({ ...parts, headers: isForwarded ? { ...headers, ...toProxy } : headers });
  }

  /** Returns current credentials; a promise only if a plugin must run. Throws CredentialsError. */
  credentials(): Credentials | Promise<Credentials> {
    return this.#source.current();
  }

  /** Call it after a 401 response. Resolves to true if new credentials are available for a retry. */
  renew(used: Credentials): Promise<boolean> {
    return this.#source.renew(used);
  }

  /** Returns a connected socket to `origin`, with TLS if needed. */
  connect(tls: TlsOptions | undefined): Promise<Socket> {
    return dial(this.#route, tls);
  }
}

export interface AccessOptions extends UserOptions {
  readonly contexts: readonly string[];
}

/**
 * Returns access by the same files and flags as kubectl, or else by the ServiceAccount of the pod of this process.
 * Throws KubeconfigError, NoKubeconfigError or CredentialsError.
 */
export function loadAccess(options: LoadOptions = {}): ClusterAccess {
  const environment = options.environment ?? processEnvironment();
  const { kubeconfig, source } = readFiles(options.kubeconfig, environment);
  const choice = choose(kubeconfig, withAbsolutePaths(options, environment), source);
  const server = choice.cluster.server || (environment.variables["KUBERNETES_MASTER"] ?? "");
  const rest = { environment, isStdinTaken: options.isStdinTaken ?? (() => false) };
  const inPod = isInPod(environment);
  const namespace = choice.namespace || (inPod ? podNamespace(environment) : "");
  const contexts = [...kubeconfig.contexts.keys()];
  if (server === "") {
    if (inPod)
      return podAccess({ ...choice, namespace }, { ...rest, source: "the ServiceAccount of this pod", contexts });
    throw noServer(kubeconfig, choice, source);
  }
  checkChoice(choice, source);
  const chosen = { ...choice, namespace, cluster: { ...choice.cluster, server } };
  return new ClusterAccess(chosen, { ...rest, source, contexts });
}

/**
 * Returns access by the text of one kubeconfig, without fields that its author is not trusted with. Throws
 * KubeconfigError or CredentialsError.
 */
export function parseKubeconfig(text: string, options: Trust & Overrides = {}): ClusterAccess {
  const source = options.source ?? "the kubeconfig";
  if (Buffer.byteLength(text) > maxKubeconfigBytes) {
    throw new KubeconfigError(`${source} is larger than the limit of ${maxKubeconfigBytes} bytes`);
  }
  const kubeconfig = readDocument(text, source);
  const choice = choose(kubeconfig, options, source);
  if (choice.cluster.server === "") throw noServer(kubeconfig, choice, source);
  checkChoice(choice, source);
  rejectUntrusted(choice, options, source);
  return new ClusterAccess(choice, {
    source,
    contexts: [...kubeconfig.contexts.keys()],
    environment: processEnvironment(),
    isStdinTaken: () => true,
  });
}

/** Returns the names of the contexts, for completion; reads nothing else. Throws KubeconfigError. */
export function contextNames({ kubeconfig, environment = processEnvironment() }: LoadOptions): string[] {
  return [...readFiles(kubeconfig, environment).kubeconfig.contexts.keys()];
}

/** Paths in flags are relative to the working directory, not to a kubeconfig. */
function withAbsolutePaths(options: LoadOptions, { directory }: Environment): LoadOptions {
  const { certificateAuthority } = options;
  return certificateAuthority
    ? { ...options, certificateAuthority: resolve(directory, certificateAuthority) }
    : options;
}

function noServer({ contexts, clusters }: Kubeconfig, choice: Choice, source: string): KubeconfigError {
  if (contexts.size === 0 && clusters.size === 0) return new NoKubeconfigError(`${source} is absent or empty`);
  const { clusterName } = choice;
  if (clusterName === "") {
    const names = [...contexts.keys()].slice(0, 10).map(printable).join(", ");
    return new KubeconfigError(
      `${source} has no current-context: choose one with --context; available: ${names || "none"}`,
    );
  }
  return new KubeconfigError(
    clusters.has(clusterName)
      ? `${source}: the cluster ${printable(clusterName)} has no server`
      : `${source}: the cluster ${printable(clusterName)} of the context does not exist`,
  );
}

/** POD_NAMESPACE, or else the namespace file that the kubelet mounts. */
function podNamespace({ variables, serviceAccountDirectory }: Environment): string {
  if (variables["POD_NAMESPACE"]) return variables["POD_NAMESPACE"];
  try {
    return readFileSync(join(serviceAccountDirectory, "namespace"), "utf8").trim();
  } catch {
    return "";
  }
}

/**
 * Access by the ServiceAccount of the pod; its token and authority rotate in their files. Only the flags for token,
 * authority and impersonation apply.
 */
function podAccess({ cluster, user, namespace }: Choice, options: AccessOptions): ClusterAccess {
  const { variables, serviceAccountDirectory } = options.environment;
  const host = variables["KUBERNETES_SERVICE_HOST"] ?? "";
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${variables["KUBERNETES_SERVICE_PORT"] ?? ""}`;
  const { as, asUid, asGroups, token } = user;
  const choice: Choice = {
    clusterName: "of this pod",
    cluster: {
      ...cluster,
      server,
      certificateAuthority: cluster.certificateAuthority || join(serviceAccountDirectory, "ca.crt"),
    },
    userName: "of this pod",
    user: {
      ...emptyUser,
      as,
      asUid,
      asGroups,
      ...(token === "" ? { tokenFile: join(serviceAccountDirectory, "token") } : { token }),
    },
    namespace,
  };
  return new ClusterAccess(choice, options);
}
