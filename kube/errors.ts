/** Errors between reading a kubeconfig and the first request. No message quotes a file's content or a secret. */

/** A kubeconfig cannot be used. The message names the file and the allowed values. */
export class KubeconfigError extends Error {
  override readonly name: string = "KubeconfigError";
}

/** There is no kubeconfig, and this process does not run in a pod. */
export class NoKubeconfigError extends KubeconfigError {
  override readonly name = "NoKubeconfigError";
}

/** The kubeconfig is valid, but its credentials are unavailable: a plugin failed, or a file is missing. */
export class CredentialsError extends Error {
  override readonly name = "CredentialsError";
}

/** Returns a description of a file system error. */
export function fileProblem(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  const known: Readonly<Record<string, string>> = {
    ENOENT: "no such file",
    EACCES: "permission denied",
    EPERM: "permission denied",
    EISDIR: "it is a directory",
    ENOTDIR: "a part of its path is not a directory",
    ELOOP: "too many symbolic links",
  };
  return known[code ?? ""] ?? code ?? "it cannot be read";
}
