/** Finds the runner ConfigMap that a pod or a Job's template mounts. */

export interface RawVolume {
  readonly name: string;
  readonly configMap?: { readonly name?: string };
}

/** Accepts only names that an operator gives, because users may write any name. */
export function runnerConfigMapIn(volumes: readonly RawVolume[] = []): { readonly runnerConfigMap?: string } {
  const name = volumes.find((volume) => volume.name === "claude-run-runner")?.configMap?.name ?? "";
  return /^claude-run-runner-[0-9a-f]{12}$/.test(name) ? { runnerConfigMap: name } : {};
}
