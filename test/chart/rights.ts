/** What the chart lets the operator do, as one line per right: `where/group/resource/verb`. */
import { readFileSync } from "node:fs";
import type { Rendered } from "./render.ts";

/** A rule of a Role or ClusterRole. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** `runs`: wherever runs are. `operator`: in the operator's own namespace, which is where its Lease is. */
export type Where = "runs" | "operator";

export function right(where: Where, group: string, resource: string, verb: string): string {
  return `${where}/${group}/${resource}/${verb}`;
}

/** What the roles grant that are bound to the ServiceAccount of this release; all of them must be the chart's. */
export function grantedRights(objects: readonly Rendered[], release: string): string[] {
  const bound = objects.filter(({ kind }) => kind === "RoleBinding" || kind === "ClusterRoleBinding");
  const roles = bound
    .filter(({ subjects }) => (subjects as { name: string }[]).some(({ name }) => name === release))
    .map(({ roleRef }) => roleRef as { kind: string; name: string });
  const strange = roles.find(
    (role) => !objects.some(({ kind, metadata }) => role.kind === kind && role.name === metadata.name),
  );
  if (strange !== undefined) throw new Error(`${strange.kind} ${strange.name} is bound, and is none of the chart's`);
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

/** What docs/security.md tells of them, each once. */
export function toldRights(): string[] {
  const page = readFileSync(new URL("../../docs/security.md", import.meta.url), "utf8");
  const [, table = ""] = /<!-- rights -->([\s\S]*)<!-- \/rights -->/.exec(page) ?? [];
  const rows = [...table.matchAll(/^\| (runs|operator) +\|(.*?)\|(.*?)\|(.*?)\| *\S.*\|$/gm)];
  const told = rows.flatMap(([, where, group = "", resource = "", verbs = ""]) =>
    verbs.split(",").map((verb) => right(where as Where, group.trim(), resource.trim(), verb.trim())),
  );
  return [...new Set(told)].toSorted();
}
