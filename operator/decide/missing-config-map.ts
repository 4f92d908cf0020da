/** Detects that an admitted pod waits for a deleted ConfigMap. */
import type { Pod, Stop } from "../domain.ts";
import { failure } from "./outcome.ts";

/** The two ConfigMaps that the operator creates for a pod. */
export type ConfigMapRole = "runner" | "run";

const volumes: Readonly<Record<string, ConfigMapRole>> = { runner: "runner", config: "run" };

/** The missing ConfigMap according to an Event of the kubelet; undefined for other Events. */
export function missingConfigMap(event: { readonly message: string }): ConfigMapRole | undefined {
  const [, volume = ""] =
    /for volume "claude-run-(runner|config)"[ :]{1,3}configmap "\S{1,253}" not found/.exec(event.message) ?? [];
  return volumes[volume];
}

/** The reason to stop a pod: this operator cannot create the ConfigMap with the content that the pod requires. */
export function configMapLost(pod: Pod, role: ConfigMapRole): Stop {
  const name = role === "runner" ? pod.runnerConfigMap : pod.jobName;
  const details = `ConfigMap ${name ?? ""} was deleted, and this version of the operator cannot create it again.`;
  return { reason: "RunnerChanged", message: failure("RunnerChanged", details).message };
}
