/** ClaudeRun + configuration → the Job of an attempt; pure. The pod starts gated: it exists, but cannot run. */
import type { V1Container, V1EnvVar, V1Job, V1PodSpec } from "@kubernetes/client-node";
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
import { credentialsOf } from "./credentials.ts";
import { attemptName } from "./names.ts";
import { configPath, runnerFile, runnerPath } from "./paths.ts";
import { verifiedStart, type Digests } from "./verified-start.ts";
import { directoryOf, mountPathOf, mounts, volumes } from "./volumes.ts";

/** Defaults from the operator's configuration for a run's pod. */
export interface PodDefaults {
  readonly image: string;
  readonly imagePullPolicy?: "Always" | "IfNotPresent" | "Never";
  readonly imagePullSecrets: readonly string[];
  /** For runs that name no credentials. */
  readonly credentialsSecretName?: string;
  readonly serviceAccountName?: string;
  readonly resources?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly mountPath: string;
  readonly terminationGracePeriodSeconds: number;
  readonly podTTLSecondsAfterFinished: number;
  readonly securityContext?: SecurityContext;
  readonly containerSecurityContext?: SecurityContext;
  /** Defaults for fields of the spec. */
  readonly spec?: SpecDefaults;
}

/** The security context of a pod or container, which the schema validates. */
type SecurityContext = Readonly<Record<string, unknown>>;

export interface JobOptions {
  readonly attempt: number;
  /** Name of the ConfigMap with the runner's file. */
  readonly runnerConfigMap: string;
  /** SHA-256 of the runner's file. */
  readonly runnerDigest: string;
  /** Digests of the run ConfigMap of this attempt. */
  readonly runDigests: Digests;
  readonly defaults: PodDefaults;
}

/** Returns the Job of an attempt. Its pod executes nothing unless both ConfigMaps have these digests. */
export function planJob(run: ClaudeRun, options: JobOptions): V1Job {
  const { attempt, defaults } = options;
  const { metadata, spec } = run;
  const identifiers = { labels: labelsOf(run), annotations: annotationsOf(run, attempt) };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: attemptName(metadata, attempt),
      namespace: metadata.namespace,
      ...identifiers,
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
      // The Job controller creates a pod only after the confirmed end of its predecessor.
      podReplacementPolicy: "Failed",
      // A Job finishes only after its pod was ungated, and the finalizer keeps that pod until its result is recorded.
      ttlSecondsAfterFinished: spec.podTTLSecondsAfterFinished ?? defaults.podTTLSecondsAfterFinished,
      template: { metadata: identifiers, spec: podSpec(run, options) },
    },
  };
}

/** Labels of Job, pod and ConfigMap: the operator's override the user's. */
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

/** The run's labels or annotations that its Job and pod inherit: those of the API group, except the operator's stop. */
export function inherited(from: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(from).filter(([key]) => key.startsWith(`${group}/`) && key !== annotations.stop),
  );
}

function podSpec(run: ClaudeRun, options: JobOptions): V1PodSpec {
  const { attempt, runnerConfigMap, defaults } = options;
  const { spec, metadata } = run;
  const pod = spec.pod ?? {};
  const serviceAccountName = pod.serviceAccountName ?? defaults.serviceAccountName;
  const pullSecrets = pod.imagePullSecrets ?? defaults.imagePullSecrets.map((name) => ({ name }));
  return {
    schedulingGates: [{ name: schedulingGate }],
    restartPolicy: "Never",
    // The pause container is PID 1 and reaps orphaned processes, which Node cannot do.
    shareProcessNamespace: true,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? defaults.terminationGracePeriodSeconds,
    ...podDeadline(spec, defaults),
    ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
    ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map(({ name }) => ({ name })) }),
    ...picked(pod, ["nodeSelector", "tolerations", "affinity", "priorityClassName", "runtimeClassName", "dnsConfig"]),
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
    containers: [container(run, defaults, command(attemptName(metadata, attempt), options))],
    volumes: volumes(run, attemptName(metadata, attempt), runnerConfigMap),
  };
}

function command(runConfigMap: string, { runnerConfigMap, runnerDigest, runDigests }: JobOptions): string[] {
  return verifiedStart(
    { configMap: runnerConfigMap, directory: directoryOf(runnerPath), files: { [runnerFile]: runnerDigest } },
    { configMap: runConfigMap, directory: directoryOf(configPath), files: runDigests },
  );
}

/** A deadline behind the runner's own one. The kubelet counts it from the moment when the node accepts the pod. */
function podDeadline(spec: ClaudeRunSpec, defaults: PodDefaults): { activeDeadlineSeconds?: number } {
  if (spec.activeDeadlineSeconds === undefined) return {};
  const grace = spec.terminationGracePeriodSeconds ?? defaults.terminationGracePeriodSeconds;
  return { activeDeadlineSeconds: spec.activeDeadlineSeconds + spec.startDeadlineSeconds + grace };
}

function container({ spec }: ClaudeRun, defaults: PodDefaults, command: string[]): V1Container {
  const pod = spec.pod ?? {};
  const pullPolicy = pod.imagePullPolicy ?? defaults.imagePullPolicy;
  const envFrom = [...credentialsOf(spec, defaults), ...(pod.envFrom ?? [])];
  const resources = pod.resources ?? defaults.resources;
  return {
    name: containerName,
    image: pod.image ?? defaults.image,
    command,
    ...(pullPolicy === undefined ? {} : { imagePullPolicy: pullPolicy }),
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

/** The variables that every run has. */
export const reservedVariables = [
  runnerConfigVariable,
  "HOME",
  "CLAUDE_CONFIG_DIR",
  "CLAUDE_CODE_TMPDIR",
  "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
  "DISABLE_AUTOUPDATER",
] as const;

/** Variables of the spec replace the operator's, except RUNNER_CONFIG, which the schema rejects. */
function environment(spec: ClaudeRunSpec, defaults: PodDefaults): V1EnvVar[] {
  const home = `${mountPathOf(spec, defaults)}/.home`;
  const reserved: Record<(typeof reservedVariables)[number], string> = {
    [runnerConfigVariable]: configPath,
    HOME: home,
    CLAUDE_CONFIG_DIR: `${home}/.claude`,
    CLAUDE_CODE_TMPDIR: "/tmp",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_AUTOUPDATER: "1",
  };
  const given = spec.pod?.env ?? [];
  const kept = Object.entries(reserved).filter(([name]) => !given.some((each) => each.name === name));
  return [...kept.map(([name, value]) => ({ name, value })), ...(given as V1EnvVar[])];
}

/** The types of the schema match those of Kubernetes' client, except for readonly. */
function picked(
  pod: NonNullable<ClaudeRunSpec["pod"]>,
  names: readonly (keyof V1PodSpec & keyof typeof pod)[],
): Partial<V1PodSpec> {
  return Object.fromEntries(names.filter((name) => pod[name] !== undefined).map((name) => [name, pod[name]]));
}
