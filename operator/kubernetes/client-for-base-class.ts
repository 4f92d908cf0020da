/**
 * Replaces client-node and gaxios in the bundle for the base class (operator/shell.ts). It has the names that the base
 * class's constructor uses. All I/O of the base class is overridden, so it calls nothing else. tools/build.ts uses it.
 */

/** Reads nothing, because main.ts reads the operator's kubeconfig. */
export class KubeConfig {
  loadFromDefault(): void {
    // nothing to load
  }

  makeApiClient(): object {
    return {};
  }
}

/** The API for which the constructor creates a client. */
export const CoreV1Api = {};
