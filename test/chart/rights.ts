/** What the chart lets the operator do, as one line per right: `where/group/resource/verb`. */
import type { Rendered } from "./render.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** `runs`: wherever runs are. `operator`: in the operator's own namespace, which is where its Lease is. */
export type Where = "runs" | "operator";

export function right(where: Where, group: string, resource: string, verb: string): string {
  return `${where}/${group}/${resource}/${verb}`;
}

/** What the roles grant that are bound to the ServiceAccount of this release. */
export function grantedRights(objects: readonly Rendered[], release: string): string[] {
  const bound = objects.filter(({ kind }) => kind === "RoleBinding" || kind === "ClusterRoleBinding");
  const roles = bound
    .filter(({ subjects }) => (subjects as { name: string }[]).some(({ name }) => name === release))
    .map(({ roleRef }) => roleRef as { kind: string; name: string });
  const rights = objects
    .filter(({ kind, metadata }) => roles.some((role) => role.kind === kind && role.name === metadata.name))
    .flatMap(({ metadata, rules }) => {
      const where = metadata.name === `${release}-lease` ? "operator" : "runs";
      return (rules as Rule[]).flatMap(({ apiGroups, resources, verbs }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) => verbs.map((verb) => right(where, group, resource, verb))),
        ),
      );
    });
  return [...new Set(rights)].toSorted();
}
