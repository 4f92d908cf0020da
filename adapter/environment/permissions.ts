/** Every right that the adapter uses: what testEnvironment asks for, what the chart grants. */

export interface Permission {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
}

const verbs = (group: string, resource: string, ...names: string[]): Permission[] =>
  names.map((verb) => ({ group, resource, verb }));

/** In the namespace of the runs. */
export const permissions: readonly Permission[] = [
  ...verbs("paperclip.io", "clauderuns", "get", "list", "watch", "create", "patch"),
  { group: "", resource: "pods", subresource: "log", verb: "get" },
  ...verbs("", "secrets", "create", "delete"),
  ...verbs("coordination.k8s.io", "leases", "get", "create", "patch"),
];

/** "clauderuns_create", "pods_log_get". */
export function nameOf({ resource, subresource, verb }: Permission): string {
  return [resource, subresource, verb].filter((part) => part !== undefined).join("_");
}
