/** Requests to the API server as metrics count them. */
import type { HttpMethod } from "../../kube/http.ts";

/** One request, or the opening of a watch, once its answer has begun or failed to come. */
export interface Call {
  readonly verb: "get" | "list" | "watch" | "create" | "update" | "patch" | "delete";
  /** Plural of the resource, and the subresource after a slash. */
  readonly resource: string;
  /** HTTP status code; "none": no answer came. */
  readonly code: string;
  readonly seconds: number;
}

const verbs = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" } as const;

/** Verb and resource as the API server's own metrics and audit log name them; names of objects are left out. */
export function describeCall(method: HttpMethod, path: string, isWatch: boolean): Pick<Call, "verb" | "resource"> {
  const [, ...rest] =
    /^\/api(?:s\/[^/]+)?\/[^/]+(?:\/namespaces\/[^/]+)?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?/.exec(path) ?? [];
  const [resource = "other", name, subresource] = rest;
  const full = subresource === undefined ? resource : `${resource}/${subresource}`;
  if (method !== "GET") return { verb: verbs[method], resource: full };
  if (name !== undefined) return { verb: "get", resource: full };
  return { verb: isWatch ? "watch" : "list", resource: full };
}
