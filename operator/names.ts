/** Names that only the operator needs; the API's own are in crds/names.ts. */

/** The container in which the runner and claude are. */
export const containerName = "claude";
export const managedBy = "clauderun-operator";
/** What the watches of Jobs and pods select. */
export const managedSelector = `app.kubernetes.io/managed-by=${managedBy}`;
