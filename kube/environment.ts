/** Input of the loader from its process; tests pass their own. */
import { isatty } from "node:tty";

export interface Environment {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Base directory of relative paths in flags and KUBECONFIG. */
  readonly directory: string;
  /** Directory where the kubelet mounts a pod's ServiceAccount. */
  readonly serviceAccountDirectory: string;
  readonly isStdinTerminal: () => boolean;
}

export function processEnvironment(): Environment {
  return {
    variables: process.env,
    directory: process.cwd(),
    serviceAccountDirectory: "/var/run/secrets/kubernetes.io/serviceaccount",
    isStdinTerminal: () => isatty(0),
  };
}
