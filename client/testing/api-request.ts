/** A request to the test's API server, with the verb of Kubernetes' RBAC. */

/** "create clauderuns", "watch clauderuns", "get pods/log" and so on. */
export type ApiVerb = `${"get" | "list" | "watch" | "create" | "patch" | "delete"} ${string}`;

/** One received request. */
export interface ApiRequest {
  readonly verb: ApiVerb;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Record<string, unknown>;
}

/** Returns verb and resource of a request. The log of a pod is `pods/log`. */
export function verbOf(method: string, path: string, query: URLSearchParams): ApiVerb {
  if (path.endsWith("/log")) return "get pods/log";
  const parts = path.split("/").filter((part) => part !== "");
  const at = parts.indexOf("namespaces");
  const [resource = parts.at(-1) ?? "", name] = at < 0 ? [] : parts.slice(at + 2);
  if (method === "POST") return `create ${resource}`;
  if (method === "PATCH") return `patch ${resource}`;
  if (method === "DELETE") return `delete ${resource}`;
  if (query.get("watch") === "true") return `watch ${resource}`;
  const isOfAll = at < 0 && ["clauderuns", "pods", "clusterrolebindings"].includes(resource);
  return (name === undefined && at >= 0) || isOfAll ? `list ${resource}` : `get ${resource}`;
}
