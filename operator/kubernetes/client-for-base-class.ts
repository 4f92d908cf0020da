/**
 * What the base class (operator/shell.ts) finds in the bundle in place of client-node and gaxios: the names that its
 * constructor touches. All its I/O is overridden, so nothing of either package was ever called. tools/build.ts puts it there.
 */

/** Reads nothing: the operator's own kubeconfig is read in main.ts. */
export class KubeConfig {
  loadFromDefault(): void {
    // nothing to load
  }

  makeApiClient(): object {
    return {};
  }
}

/** What the constructor asks for a client of. */
export const CoreV1Api = {};
