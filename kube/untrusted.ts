/** Rejects fields of an untrusted kubeconfig that run programs or read files of this machine. */
import { printable, type Choice } from "./choice.ts";
import { KubeconfigError } from "./errors.ts";

export interface Trust {
  /** Names the kubeconfig in errors; default: `the kubeconfig`. */
  readonly source?: string;
  /** certificate-authority, client-certificate, client-key, tokenFile. Default: false. */
  readonly allowsFiles?: boolean;
  /** exec and auth-provider. Default: false. */
  readonly allowsExec?: boolean;
}

/** Throws KubeconfigError for the first field that is not allowed. */
export function rejectUntrusted({ cluster, user, userName }: Choice, trust: Trust, source: string): void {
  const files: readonly (readonly [string, string, string])[] = [
    ["certificate-authority", cluster.certificateAuthority, "certificate-authority-data"],
    ["client-certificate", user.clientCertificate, "client-certificate-data"],
    ["client-key", user.clientKey, "client-key-data"],
    ["tokenFile", user.tokenFile, "token"],
  ];
  const file = files.find(([, path]) => path !== "");
  if (trust.allowsFiles !== true && file !== undefined) {
    throw new KubeconfigError(`${source} has ${file[0]}, which reads a file of this machine; allowed: ${file[2]}`);
  }
  const program = user.exec !== undefined ? "exec" : user.authProvider !== undefined ? "auth-provider" : undefined;
  if (trust.allowsExec !== true && program !== undefined) {
    throw new KubeconfigError(
      `${source}: the user ${printable(userName)} has ${program}; allowed: a token or a client certificate`,
    );
  }
}
