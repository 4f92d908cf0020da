/** Paths of the API server's collections and objects. */
import { group, plural, version } from "../../crds/names.ts";

const groups = {
  run: `/apis/${group}/${version}`,
  job: "/apis/batch/v1",
  pod: "/api/v1",
  configMap: "/api/v1",
  lease: "/apis/coordination.k8s.io/v1",
} as const;
const plurals = { run: plural, job: "jobs", pod: "pods", configMap: "configmaps", lease: "leases" } as const;

export type Kind = keyof typeof groups;

/** Path of all objects of a kind, in a namespace or (undefined) in all. */
export function collection(kind: Kind, namespace?: string): string {
  return `${groups[kind]}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${plurals[kind]}`;
}

export function object(kind: Kind, { namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${collection(kind, namespace)}/${name}`;
}
