/** Chooses cluster, user and namespace of a kubeconfig with the overriding flags, and validates them. */
import { KubeconfigError } from "./errors.ts";
import { emptyCluster, emptyUser, type Cluster, type Kubeconfig, type User } from "./types.ts";

/** Flags of kubectl; an empty flag counts as absent. */
export interface Overrides {
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  readonly namespace?: string | undefined;
  readonly as?: string | undefined;
  readonly asUid?: string | undefined;
  readonly asGroup?: readonly string[] | undefined;
  readonly token?: string | undefined;
  readonly server?: string | undefined;
  readonly certificateAuthority?: string | undefined;
  readonly tlsServerName?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
}

export interface Choice {
  readonly cluster: Cluster;
  readonly clusterName: string;
  readonly user: User;
  readonly userName: string;
  /** Empty if neither flag nor context names a namespace. */
  readonly namespace: string;
}

/** Chooses by the flags and the current context. Throws KubeconfigError for a name that does not exist. */
export function choose(kubeconfig: Kubeconfig, overrides: Overrides, source: string): Choice {
  const { contexts, clusters, users } = kubeconfig;
  const contextName = overrides.context || kubeconfig.currentContext;
  if (contextName !== "" && !contexts.has(contextName)) throw missing("context", contextName, contexts, source);
  const context = contexts.get(contextName);
  const clusterName = overrides.cluster || (context?.cluster ?? "");
  const userName = overrides.user || (context?.user ?? "");
  if (overrides.cluster && !clusters.has(clusterName)) throw missing("cluster", clusterName, clusters, source);
  if (overrides.user && !users.has(userName)) throw missing("user", userName, users, source);
  return {
    cluster: clusterWith(clusters.get(clusterName) ?? emptyCluster, overrides),
    clusterName,
    user: userWith(users.get(userName) ?? emptyUser, overrides),
    userName,
    namespace: overrides.namespace || (context?.namespace ?? ""),
  };
}

function missing(kind: string, name: string, existing: ReadonlyMap<string, unknown>, source: string): KubeconfigError {
  const names = [...existing.keys()].map(printable);
  const shown = names.length > 10 ? [...names.slice(0, 10), `${names.length - 10} more`] : names;
  return new KubeconfigError(`${source} has no ${kind} ${printable(name)}; available: ${shown.join(", ") || "none"}`);
}

/** Returns a name for messages, without control characters and at most 80 characters long. */
export function printable(name: string): string {
  return name.replace(/[\p{C}\p{Z}]/gu, "?").slice(0, 80);
}

/** A flag for the server drops the cluster's server name; a flag for verification drops its authority. */
function clusterWith(cluster: Cluster, overrides: Overrides): Cluster {
  const isVerifiedByFlag = overrides.insecureSkipTlsVerify === true || Boolean(overrides.certificateAuthority);
  const isNamedByFlag = Boolean(overrides.tlsServerName) || Boolean(overrides.server);
  return {
    ...cluster,
    ...(overrides.server ? { server: overrides.server } : {}),
    ...(isNamedByFlag ? { tlsServerName: overrides.tlsServerName ?? "" } : {}),
    ...(isVerifiedByFlag
      ? {
          insecureSkipTlsVerify: overrides.insecureSkipTlsVerify === true,
          certificateAuthority: overrides.certificateAuthority ?? "",
          certificateAuthorityData: "",
        }
      : {}),
  };
}

function userWith(user: User, { as, asUid, asGroup = [], token }: Overrides): User {
  return {
    ...user,
    ...(token ? { token } : {}),
    ...(as ? { as } : {}),
    ...(asUid ? { asUid } : {}),
    ...(asGroup.length > 0 ? { asGroups: asGroup } : {}),
  };
}

const interactiveModes = ["Never", "IfAvailable", "Always"];

/** Throws KubeconfigError for contradictory fields of a user or a cluster, as kubectl does before its first request. */
export function checkChoice({ cluster, clusterName, user, userName }: Choice, source: string): void {
  const ofUser = (problem: string): KubeconfigError =>
    new KubeconfigError(`${source}: the user ${printable(userName)} ${problem}`);
  if (cluster.certificateAuthority !== "" && cluster.certificateAuthorityData !== "") {
    throw new KubeconfigError(
      `${source}: the cluster ${printable(clusterName)} has certificate-authority and certificate-authority-data; allowed: one`,
    );
  }
  const hasPassword = user.username !== "" || user.password !== "";
  if (user.token !== "" && hasPassword) throw ofUser("has a token and a password; allowed: one of them");
  checkCertificate(user, ofUser);
  if (user.exec !== undefined) checkExec(user, ofUser);
  const acts = user.asUid !== "" || user.asGroups.length > 0 || Object.keys(user.asUserExtra).length > 0;
  if (acts && user.as === "") throw ofUser("has as-uid, as-groups or as-user-extra without as: name the user too");
}

type Problem = (problem: string) => KubeconfigError;

function checkCertificate(user: User, problem: Problem): void {
  if (user.clientCertificate === "" && user.clientCertificateData === "") return;
  if (user.clientCertificate !== "" && user.clientCertificateData !== "") {
    throw problem("has client-certificate and client-certificate-data; allowed: one of them");
  }
  if (user.clientKey !== "" && user.clientKeyData !== "") {
    throw problem("has client-key and client-key-data; allowed: one of them");
  }
  if (user.clientKey === "" && user.clientKeyData === "") {
    throw problem("has a client certificate without client-key or client-key-data");
  }
}

function checkExec({ exec, authProvider }: User, problem: Problem): void {
  if (exec === undefined) return;
  if (authProvider !== undefined) throw problem("has exec and auth-provider; allowed: one of them");
  if (exec.command === "") throw problem("has exec without command");
  if (exec.apiVersion === "") throw problem("has exec without apiVersion");
  if (exec.env.some(({ name }) => name === "")) throw problem("has exec with a variable in env that has no name");
  const mode = exec.interactiveMode || (/v1(alpha|beta)1$/.test(exec.apiVersion) ? "IfAvailable" : "");
  if (!interactiveModes.includes(mode)) {
    throw problem(`has exec without a valid interactiveMode; allowed: ${interactiveModes.join(", ")}`);
  }
}
