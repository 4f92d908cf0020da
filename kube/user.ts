/** Derives the parts of a request's credentials from user and cluster of a kubeconfig. */
import { readFileSync } from "node:fs";
import { authorizationByProvider } from "./auth-provider.ts";
import { printable, type Choice } from "./choice.ts";
import type { CredentialParts } from "./credentials.ts";
import type { Environment } from "./environment.ts";
import { CredentialsError, fileProblem } from "./errors.ts";
import { ExecPlugin } from "./exec-plugin.ts";
import { bearer, impersonationHeaders } from "./headers.ts";
import { basicAuth, type ServerUrl } from "./server-url.ts";
import type { TlsParts } from "./tls.ts";

export interface UserOptions {
  /** Names the kubeconfig in errors. */
  readonly source: string;
  readonly environment: Environment;
  readonly isStdinTaken: () => boolean;
}

/** Over plain HTTP only impersonation is sent, because the network could read credentials. Throws CredentialsError. */
export function credentialParts(choice: Choice, server: ServerUrl, options: UserOptions): CredentialParts {
  const impersonation = impersonationHeaders(choice.user);
  const urlAuthorization = server.basicAuth === "" ? {} : { authorization: server.basicAuth };
  if (!server.isTls)
    return { headers: { ...urlAuthorization, ...impersonation }, tls: undefined, files: {}, plugin: undefined };
  const { cluster, user } = choice;
  const subject = `${options.source}: the user ${printable(choice.userName)}`;
  const plugin = pluginOf(choice, subject, options);
  const fixed = fixedAuthorization(choice, subject);
  const hasCertificate = user.clientCertificate !== "" || user.clientCertificateData !== "";
  // kubectl would prompt for a name and a password here.
  if (plugin === undefined && fixed === "" && user.tokenFile === "" && !hasCertificate) {
    throw new CredentialsError(
      `${subject} has no credentials; allowed: a token, a client certificate, a password, exec`,
    );
  }
  const authorization = fixed === "" ? urlAuthorization : { authorization: fixed };
  return {
    headers: { ...authorization, ...impersonation },
    tls: tlsParts(choice, `${options.source}: the context`),
    files: {
      ...(user.tokenFile === "" ? {} : { token: user.tokenFile }),
      ...(cluster.certificateAuthority === "" ? {} : { ca: cluster.certificateAuthority }),
      ...(user.clientCertificate === "" ? {} : { cert: user.clientCertificate }),
      ...(!hasCertificate || user.clientKey === "" ? {} : { key: user.clientKey }),
    },
    plugin,
  };
}

function tlsParts({ cluster, user }: Choice, subject: string): TlsParts {
  const hasAuthority = cluster.certificateAuthority !== "" || cluster.certificateAuthorityData !== "";
  if (cluster.insecureSkipTlsVerify && hasAuthority) {
    throw new CredentialsError(
      `${subject} has a certificate authority and insecure-skip-tls-verify; allowed: one of them`,
    );
  }
  return {
    ca: cluster.certificateAuthorityData,
    cert: user.clientCertificateData,
    key: user.clientCertificateData === "" && user.clientCertificate === "" ? "" : user.clientKeyData,
    serverName: cluster.tlsServerName,
    isInsecure: cluster.insecureSkipTlsVerify,
    subject,
  };
}

/** Returns a fixed Authorization header; empty if files or a plugin provide it, or there is none. */
function fixedAuthorization({ user }: Choice, subject: string): string {
  if (user.username !== "") {
    if (user.tokenFile !== "")
      throw new CredentialsError(`${subject} has a tokenFile and a password; allowed: one of them`);
    return basicAuth(user.username, user.password);
  }
  if (user.token !== "") return bearer(user.token);
  return user.authProvider === undefined ? "" : authorizationByProvider(user.authProvider, subject);
}

/** Returns the plugin unless the user has other credentials, which take precedence. */
function pluginOf(choice: Choice, subject: string, options: UserOptions): ExecPlugin | undefined {
  const { user } = choice;
  if (user.exec === undefined) return undefined;
  const { environment, isStdinTaken } = options;
  const clusterInfo = (): object => clusterInfoOf(choice);
  const plugin = new ExecPlugin({ config: user.exec, subject, clusterInfo, isStdinTaken, environment });
  const hasOther =
    user.token !== "" ||
    user.tokenFile !== "" ||
    user.username !== "" ||
    user.clientCertificate !== "" ||
    user.clientCertificateData !== "";
  return hasOther ? undefined : plugin;
}

function clusterInfoOf({ cluster }: Choice): object {
  const authority = authorityOf(cluster.certificateAuthorityData, cluster.certificateAuthority);
  return {
    server: cluster.server,
    ...(cluster.tlsServerName === "" ? {} : { "tls-server-name": cluster.tlsServerName }),
    ...(cluster.insecureSkipTlsVerify ? { "insecure-skip-tls-verify": true } : {}),
    ...(authority.length === 0 ? {} : { "certificate-authority-data": authority.toString("base64") }),
    ...(cluster.proxyUrl === "" ? {} : { "proxy-url": cluster.proxyUrl }),
    ...(cluster.disableCompression ? { "disable-compression": true } : {}),
    config: cluster.execConfig ?? null,
  };
}

function authorityOf(data: string, path: string): Buffer {
  if (data !== "") return Buffer.from(data, "latin1");
  if (path === "") return Buffer.alloc(0);
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CredentialsError(`the certificate authority ${path} cannot be read: ${fileProblem(error)}`, {
      cause: error,
    });
  }
}
