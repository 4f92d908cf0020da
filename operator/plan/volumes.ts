/** Volumes of a run's pod, and where they are mounted. */
import type { V1Volume, V1VolumeMount } from "@kubernetes/client-node";
import type { ClaudeRun, ClaudeRunSpec } from "../../crds/claude-run.ts";
import type { PodDefaults } from "./job.ts";
import { configPath, mcpConfigPath, promptPath, runnerPath, settingsPath } from "./paths.ts";

type KeySource = NonNullable<ClaudeRunSpec["promptFrom"]>;

/** Mount path of the workspace. HOME is below it, so that a later run on the same volume finds the session. */
export function mountPathOf(spec: ClaudeRunSpec, defaults: Pick<PodDefaults, "mountPath">): string {
  return spec.workspace?.mountPath ?? defaults.mountPath;
}

/** The volumes of a run's pod: the two ConfigMaps, /tmp, the workspace, and those of the spec. */
export function volumes({ spec }: ClaudeRun, runConfigMap: string, runnerConfigMap: string): V1Volume[] {
  const claim = spec.workspace?.persistentVolumeClaim;
  return [
    { name: "claude-run-runner", configMap: { name: runnerConfigMap } },
    { name: "claude-run-config", configMap: { name: runConfigMap } },
    { name: "claude-run-tmp", emptyDir: {} },
    claim === undefined
      ? { name: "claude-run-workspace", emptyDir: {} }
      : { name: "claude-run-workspace", persistentVolumeClaim: { claimName: claim.claimName } },
    ...fileVolume("claude-run-prompt", spec.promptFrom, "prompt"),
    ...fileVolume("claude-run-mcp", spec.claude?.mcpConfigFrom, "mcp.json"),
    ...fileVolume("claude-run-settings", spec.claude?.settingsFrom, "settings.json"),
    ...((spec.pod?.volumes ?? []) as V1Volume[]),
  ];
}

/** The mounts of these volumes. */
export function mounts(spec: ClaudeRunSpec, defaults: PodDefaults): V1VolumeMount[] {
  const subPath = spec.workspace?.persistentVolumeClaim?.subPath;
  const readOnly = (name: string, path: string): V1VolumeMount => ({
    name,
    mountPath: directoryOf(path),
    readOnly: true,
  });
  return [
    readOnly("claude-run-runner", runnerPath),
    readOnly("claude-run-config", configPath),
    ...(spec.promptFrom === undefined ? [] : [readOnly("claude-run-prompt", promptPath(spec))]),
    ...(spec.claude?.mcpConfigFrom === undefined ? [] : [readOnly("claude-run-mcp", mcpConfigPath)]),
    ...(spec.claude?.settingsFrom === undefined ? [] : [readOnly("claude-run-settings", settingsPath)]),
    { name: "claude-run-tmp", mountPath: "/tmp" },
    {
      name: "claude-run-workspace",
      mountPath: mountPathOf(spec, defaults),
      ...(subPath === undefined ? {} : { subPath }),
    },
    ...((spec.pod?.volumeMounts ?? []) as V1VolumeMount[]),
  ];
}

/** Mounts one key of a Secret or ConfigMap as a file. The operator never reads it. */
function fileVolume(name: string, source: KeySource | undefined, path: string): V1Volume[] {
  if (source === undefined) return [];
  const { secretKeyRef: secret, configMapKeyRef: map } = source;
  if (secret !== undefined) return [{ name, secret: { secretName: secret.name, items: [{ key: secret.key, path }] } }];
  if (map !== undefined) return [{ name, configMap: { name: map.name, items: [{ key: map.key, path }] } }];
  return [];
}

/** The directory of a file. */
export function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
