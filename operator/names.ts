/** Names that only the operator needs; the API's names are in crds/names.ts. */

/** Name of the container with the runner and claude. */
export const containerName = "claude";
export const managedBy = "clauderun-operator";
/** The label selector of the watches of Jobs and pods. */
export const managedSelector = `app.kubernetes.io/managed-by=${managedBy}`;
