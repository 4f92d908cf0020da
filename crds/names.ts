/** The fixed names of the API and of what the operator writes on other objects. This file imports nothing. */

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

/** Labels on everything that is made for a run. */
export const labels = { agent: `${group}/agent`, run: `${group}/run` } as const;
/** Annotations on a run's Job and pod. */
export const annotations = {
  runUid: `${group}/run-uid`,
  attempt: `${group}/attempt`,
  priority: `${group}/priority`,
  stop: `${group}/stop`,
} as const;
/** Keeps an ended pod until its result stands in the ClaudeRun's status. */
export const finalizer = `${group}/record-result`;
/** Holds a pod back until its agent's slot is proven free. */
export const schedulingGate = `${group}/slot`;
/** Field manager of the operator's writes, and the product in its User-Agent. */
export const fieldManager = "clauderun-operator";

/** Paths at and below this one belong to the operator's own mounts. */
export const reservedMountPath = "/run/claude-run";
/** Names that begin so belong to the operator's own volumes. */
export const reservedVolumePrefix = "claude-run-";
/** Environment variable by which the runner finds its configuration. */
export const runnerConfigVariable = "RUNNER_CONFIG";
/** Label and annotation keys with these prefixes are never taken from a spec. */
export const reservedKeyPrefixes = [`${group}/`, "batch.kubernetes.io/", "app.kubernetes.io/"] as const;
/** The Job controller's labels from before it had a prefix. */
export const reservedKeys = ["job-name", "controller-uid"] as const;
