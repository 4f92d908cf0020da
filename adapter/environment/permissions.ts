/** Every right that the adapter uses: what testEnvironment asks for, what the chart grants. */

export interface Permission {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
  /** Only "Test environment" uses it: without it a check stays open, and runs go on. */
  readonly isForTests?: true;
}

const verbs = (group: string, resource: string, ...names: string[]): Permission[] =>
  names.map((verb) => ({ group, resource, verb }));

/** In the namespace of the runs. */
export const permissions: readonly Permission[] = [
  ...verbs("paperclip.io", "clauderuns", "get", "list", "watch", "create", "patch"),
  { group: "", resource: "pods", subresource: "log", verb: "get" },
  ...verbs("", "secrets", "create", "delete"),
  ...verbs("coordination.k8s.io", "leases", "get", "create", "patch"),
  { group: "", resource: "persistentvolumeclaims", verb: "get", isForTests: true },
];

/** "clauderuns_create", "pods_log_get". */
export function nameOf({ resource, subresource, verb }: Permission): string {
  return [resource, subresource, verb].filter((part) => part !== undefined).join("_");
}
