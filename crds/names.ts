/** Fixed names of the API and of the operator's marks on other objects. This file imports nothing. */

export const group = "paperclip.io";
export const version = "v1alpha1";
export const apiVersion = `${group}/${version}`;
export const kind = "ClaudeRun";
export const listKind = "ClaudeRunList";
export const plural = "clauderuns";
export const singular = "clauderun";
export const shortName = "clr";
export const category = "paperclip";
/** Name of the CustomResourceDefinition. */
export const crdName = `${plural}.${group}`;

/** Labels on all objects created for a run. */
export const labels = { agent: `${group}/agent`, run: `${group}/run` } as const;
/** Annotations on a run's Job and pod. */
export const annotations = {
  runUid: `${group}/run-uid`,
  attempt: `${group}/attempt`,
  priority: `${group}/priority`,
  stop: `${group}/stop`,
  endSidecars: `${group}/end-sidecars`,
  ungated: `${group}/ungated`,
} as const;
/** Keeps a terminated pod until its result is recorded in the ClaudeRun's status. */
export const finalizer = `${group}/record-result`;
/** Keeps a pod from starting until its agent's slot is proven free. */
export const schedulingGate = `${group}/slot`;
/** Field manager of the operator's writes, and the product in its User-Agent. */
export const fieldManager = "clauderun-operator";

/** This path and all paths below it are reserved for the operator's mounts. */
export const reservedMountPath = "/run/claude-run";
/** Volume names with this prefix are reserved for the operator. */
export const reservedVolumePrefix = "claude-run-";
/** Environment variable with the path of the runner's configuration. */
export const runnerConfigVariable = "RUNNER_CONFIG";
/** Label and annotation keys with these prefixes are rejected in a spec. */
export const reservedKeyPrefixes = [`${group}/`, "batch.kubernetes.io/", "app.kubernetes.io/"] as const;
/** Unprefixed labels of the Job controller. */
export const reservedKeys = ["job-name", "controller-uid"] as const;
