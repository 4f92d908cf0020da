/** The permissions of a client: the checks review them, and the chart grants them. */

/** A verb on a resource. */
export interface Permission {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
  /** Runs work without it: only a check, or some details, need it. */
  readonly isOptional?: true;
}

const verbs = (group: string, resource: string, ...names: string[]): Permission[] =>
  names.map((verb) => ({ group, resource, verb }));

/** The adapter's permissions, in the namespace of the runs. */
export const permissions: readonly Permission[] = [
  ...verbs("paperclip.io", "clauderuns", "get", "list", "watch", "create", "patch"),
  { group: "", resource: "pods", subresource: "log", verb: "get" },
  ...verbs("", "secrets", "create", "delete"),
  ...verbs("coordination.k8s.io", "leases", "get", "create", "patch"),
  { group: "", resource: "persistentvolumeclaims", verb: "get", isOptional: true },
];

/** Returns a permission's name for codes, such as "clauderuns_create" or "pods_log_get". */
export function permissionName({ resource, subresource, verb }: Permission): string {
  return [resource, subresource, verb].filter((part) => part !== undefined).join("_");
}
