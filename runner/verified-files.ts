/**
 * Files of the run ConfigMap, which the container's command read and verified against the digests in the pod's spec
 * (operator/plan/verified-start.ts). The mount itself can change at any time.
 */

/** Global in which the container's command leaves the bytes by path; absent if the runner is started manually. */
interface VerifiedFiles {
  readonly claudeRunVerifiedFiles?: ReadonlyMap<string, Buffer>;
}

/** Returns the bytes of a verified file; undefined for any other path. */
export function verifiedFile(path: string): Buffer | undefined {
  return (globalThis as VerifiedFiles).claudeRunVerifiedFiles?.get(path);
}
