/** A request as the test's API server takes it in, in the words of Kubernetes' rights. */

/** "create clauderuns", "watch clauderuns", "get pods/log" and so on. */
export type Verb = `${"get" | "list" | "watch" | "create" | "patch" | "delete"} ${string}`;

/** One request as it came in. */
export interface Asked {
  readonly verb: Verb;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Record<string, unknown>;
}

/** The verb and the resource of a request; a pod's log by its own name. */
export function verbOf(method: string, path: string, query: URLSearchParams): Verb {
  if (path.endsWith("/log")) return "get pods/log";
  const parts = path.split("/").filter((part) => part !== "");
  const at = parts.indexOf("namespaces");
  const [resource = parts.at(-1) ?? "", name] = at < 0 ? [] : parts.slice(at + 2);
  if (method === "POST") return `create ${resource}`;
  if (method === "PATCH") return `patch ${resource}`;
  if (method === "DELETE") return `delete ${resource}`;
  if (query.get("watch") === "true") return `watch ${resource}`;
  const isOfAll = at < 0 && (resource === "clauderuns" || resource === "pods");
  return (name === undefined && at >= 0) || isOfAll ? `list ${resource}` : `get ${resource}`;
}
