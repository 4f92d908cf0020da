/** ClaudeRun + configuration → the Job of an attempt; pure. Its pod is born gated: it exists, but cannot run. */
import type { V1Container, V1EnvVar, V1Job, V1PodSpec, V1Volume, V1VolumeMount } from "@kubernetes/client-node";
import type { ClaudeRun, ClaudeRunSpec } from "../../crds/claude-run.ts";
import {
  annotations,
  apiVersion,
  group,
  kind,
  labels,
  runnerConfigVariable,
  schedulingGate,
} from "../../crds/names.ts";
import type { SpecDefaults } from "../domain.ts";
import { containerName, managedBy } from "../names.ts";
import { attemptName } from "./names.ts";
import { configPath, mcpConfigPath, promptPath, runnerPath, settingsPath } from "./paths.ts";

/** What the operator's configuration says about a run's pod where the spec says nothing. */
export interface PodDefaults {
  readonly image: string;
  readonly imagePullPolicy?: "Always" | "IfNotPresent" | "Never";
  readonly imagePullSecrets: readonly string[];
  readonly serviceAccountName?: string;
  readonly resources?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly mountPath: string;
  readonly terminationGracePeriodSeconds: number;
  readonly podTTLSecondsAfterFinished: number;
  readonly securityContext?: SecurityContext;
  readonly containerSecurityContext?: SecurityContext;
  /** Taken as if it stood in the spec. */
  readonly spec?: SpecDefaults;
}

/** Of a pod or its container: judged by the schema, and passed on. */
type SecurityContext = Readonly<Record<string, unknown>>;

type KeySource = NonNullable<ClaudeRunSpec["promptFrom"]>;

/** The Job of an attempt. `runnerConfigMap` holds the runner's one file in the run's namespace. */
export function planJob(
  run: ClaudeRun,
  options: { attempt: number; runnerConfigMap: string; defaults: PodDefaults },
): V1Job {
  const { attempt, defaults } = options;
  const { metadata, spec } = run;
  const marks = { labels: labelsOf(run), annotations: annotationsOf(run, attempt) };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: attemptName(metadata, attempt),
      namespace: metadata.namespace,
      ...marks,
      ownerReferences: [
        {
          apiVersion: apiVersion,
          kind: kind,
          name: metadata.name,
          uid: metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      backoffLimit: 0,
      // A successor comes only once its predecessor is confirmed over.
      podReplacementPolicy: "Failed",
      // Safe from birth: a Job can only finish after its pod was let go, and the finalizer keeps that pod until it is recorded.
      ttlSecondsAfterFinished: spec.podTTLSecondsAfterFinished ?? defaults.podTTLSecondsAfterFinished,
      template: { metadata: marks, spec: podSpec(run, options) },
    },
  };
}

/** Labels of Job, pod and ConfigMap: the user's first, ours on top. */
export function labelsOf({ metadata, spec }: ClaudeRun): Record<string, string> {
  return {
    ...inherited(metadata.labels),
    ...spec.pod?.labels,
    "app.kubernetes.io/name": "clauderun",
    "app.kubernetes.io/component": "run",
    "app.kubernetes.io/managed-by": managedBy,
    [labels.agent]: spec.agent,
    [labels.run]: metadata.name,
  };
}

function annotationsOf({ metadata, spec }: ClaudeRun, attempt: number): Record<string, string> {
  return {
    ...inherited(metadata.annotations),
    ...spec.pod?.annotations,
    [annotations.runUid]: metadata.uid,
    [annotations.attempt]: String(attempt),
    [annotations.priority]: String(spec.priority),
  };
}

/** Of the ClaudeRun's own labels and annotations those of our group go to Job and pod; a stop is only ever ours to say. */
function inherited(from: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(from).filter(([key]) => key.startsWith(`${group}/`) && key !== annotations.stop),
  );
}

function podSpec(run: ClaudeRun, { attempt, runnerConfigMap, defaults }: Parameters<typeof planJob>[1]): V1PodSpec {
  const { spec, metadata } = run;
  const pod = spec.pod ?? {};
  const serviceAccountName = pod.serviceAccountName ?? defaults.serviceAccountName;
  const pullSecrets = pod.imagePullSecrets ?? defaults.imagePullSecrets.map((name) => ({ name }));
  return {
    schedulingGates: [{ name: schedulingGate }],
    restartPolicy: "Never",
    // Node cannot wait for processes that it did not start: so the pause container is PID 1, whose work that is.
    shareProcessNamespace: true,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? defaults.terminationGracePeriodSeconds,
    ...podDeadline(spec, defaults),
    ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
    ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map(({ name }) => ({ name })) }),
    ...chosen(pod, ["nodeSelector", "tolerations", "affinity", "priorityClassName", "runtimeClassName", "dnsConfig"]),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      fsGroup: 1000,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
      ...defaults.securityContext,
      ...(pod.securityContext as object | undefined),
    },
    containers: [container(run, defaults)],
    volumes: volumes(run, attemptName(metadata, attempt), runnerConfigMap),
  };
}

/** The kubelet's backstop behind the runner's own deadline; it counts from the moment the node takes the pod. */
function podDeadline(spec: ClaudeRunSpec, defaults: PodDefaults): { activeDeadlineSeconds?: number } {
  if (spec.activeDeadlineSeconds === undefined) return {};
  const grace = spec.terminationGracePeriodSeconds ?? defaults.terminationGracePeriodSeconds;
  return { activeDeadlineSeconds: spec.activeDeadlineSeconds + spec.startDeadlineSeconds + grace };
}

function container({ spec }: ClaudeRun, defaults: PodDefaults): V1Container {
  const pod = spec.pod ?? {};
  const pullPolicy = pod.imagePullPolicy ?? defaults.imagePullPolicy;
  const envFrom = [
    ...(spec.credentialsSecretName === undefined ? [] : [{ secretRef: { name: spec.credentialsSecretName } }]),
    ...(pod.envFrom ?? []),
  ];
  const resources = pod.resources ?? defaults.resources;
  return {
    name: containerName,
    image: pod.image ?? defaults.image,
    ...(pullPolicy === undefined ? {} : { imagePullPolicy: pullPolicy }),
    command: ["node", runnerPath],
    workingDir: mountPathOf(spec, defaults),
    env: environment(spec, defaults),
    ...(envFrom.length === 0 ? {} : { envFrom: envFrom }),
    ...(resources === undefined ? {} : { resources: resources as NonNullable<V1Container["resources"]> }),
    volumeMounts: mounts(spec, defaults),
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
      ...defaults.containerSecurityContext,
      ...(pod.containerSecurityContext as object | undefined),
    },
  };
}

/** Where the workspace is: working directory, and below it HOME, so that a session is found again on the same volume. */
export function mountPathOf(spec: ClaudeRunSpec, defaults: Pick<PodDefaults, "mountPath">): string {
  return spec.workspace?.mountPath ?? defaults.mountPath;
}

/** Ours first, so that the spec's own can replace all but RUNNER_CONFIG (which the schema refuses). */
function environment(spec: ClaudeRunSpec, defaults: PodDefaults): V1EnvVar[] {
  const home = `${mountPathOf(spec, defaults)}/.home`;
  const ours: Record<string, string> = {
    [runnerConfigVariable]: configPath,
    HOME: home,
    CLAUDE_CONFIG_DIR: `${home}/.claude`,
    CLAUDE_CODE_TMPDIR: "/tmp",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_AUTOUPDATER: "1",
  };
  const theirs = spec.pod?.env ?? [];
  const kept = Object.entries(ours).filter(([name]) => !theirs.some((each) => each.name === name));
  return [...kept.map(([name, value]) => ({ name, value })), ...(theirs as V1EnvVar[])];
}

function volumes({ spec }: ClaudeRun, cargoConfigMap: string, runnerConfigMap: string): V1Volume[] {
  const claim = spec.workspace?.persistentVolumeClaim;
  return [
    { name: "claude-run-runner", configMap: { name: runnerConfigMap } },
    { name: "claude-run-config", configMap: { name: cargoConfigMap } },
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

function mounts(spec: ClaudeRunSpec, defaults: PodDefaults): V1VolumeMount[] {
  const subPath = spec.workspace?.persistentVolumeClaim?.subPath;
  const ours = (name: string, path: string): V1VolumeMount => ({
    name,
    mountPath: path.slice(0, path.lastIndexOf("/")),
    readOnly: true,
  });
  return [
    ours("claude-run-runner", runnerPath),
    ours("claude-run-config", configPath),
    ...(spec.promptFrom === undefined ? [] : [ours("claude-run-prompt", promptPath(spec))]),
    ...(spec.claude?.mcpConfigFrom === undefined ? [] : [ours("claude-run-mcp", mcpConfigPath)]),
    ...(spec.claude?.settingsFrom === undefined ? [] : [ours("claude-run-settings", settingsPath)]),
    { name: "claude-run-tmp", mountPath: "/tmp" },
    {
      name: "claude-run-workspace",
      mountPath: mountPathOf(spec, defaults),
      ...(subPath === undefined ? {} : { subPath }),
    },
    ...((spec.pod?.volumeMounts ?? []) as V1VolumeMount[]),
  ];
}

/** One key of a Secret or ConfigMap as one file: mounted, never read by the operator. */
function fileVolume(name: string, source: KeySource | undefined, path: string): V1Volume[] {
  if (source === undefined) return [];
  const { secretKeyRef: secret, configMapKeyRef: map } = source;
  if (secret !== undefined) return [{ name, secret: { secretName: secret.name, items: [{ key: secret.key, path }] } }];
  if (map !== undefined) return [{ name, configMap: { name: map.name, items: [{ key: map.key, path }] } }];
  return [];
}

/** The schema types these as Kubernetes does; the client's types only lack readonly. */
function chosen(
  pod: NonNullable<ClaudeRunSpec["pod"]>,
  names: readonly (keyof V1PodSpec & keyof typeof pod)[],
): Partial<V1PodSpec> {
  return Object.fromEntries(names.filter((name) => pod[name] !== undefined).map((name) => [name, pod[name]]));
}
