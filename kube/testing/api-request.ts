/** A request to the test's API server, with the verb of Kubernetes' RBAC. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

/** "create clauderuns", "watch clauderuns", "get pods/log" and so on; "get /version" for a path without a resource. */
export type ApiVerb = `${"get" | "list" | "watch" | "create" | "update" | "patch" | "delete"} ${string}`;

/** The parts of a path. */
export interface Target {
  /** `/api/v1`, `/apis/batch/v1` and so on. */
  readonly groupVersion?: string;
  readonly resource?: string;
  /** Undefined for a cluster-scoped resource and for all namespaces. */
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** One received request. */
export interface ApiRequest {
  readonly verb: ApiVerb;
  readonly method: string;
  readonly path: string;
  readonly target: Target;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The body as received. */
  readonly text: string;
  /** The body's JSON; an empty object without a body. */
  readonly body: Record<string, unknown>;
  /** When the whole request was received, by `performance.now()`. */
  readonly atMs: number;
}

const pathPattern =
  /^(?<groupVersion>\/api\/[^/]+|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/(?<namespace>[^/]+)(?=\/))?(?:\/(?<resource>[^/]+))?(?:\/(?<name>[^/]+))?(?:\/(?<subresource>.+))?$/;
const writes: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };

function targetOf(path: string): Target {
  return pathPattern.exec(path)?.groups ?? {};
}

/** Returns verb and resource of a request. The log of a pod is `pods/log`. */
export function verbOf(method: string, path: string, query: URLSearchParams): ApiVerb {
  const { resource, name, subresource } = targetOf(path);
  const read = query.get("watch") === "true" ? "watch" : resource !== undefined && name === undefined ? "list" : "get";
  const object = subresource === undefined ? (resource ?? path) : `${resource ?? ""}/${subresource}`;
  return `${writes[method] ?? read} ${object}` as ApiVerb;
}

/** Returns the request of a message whose body is this text. */
export function apiRequest({ method = "GET", url = "/", headers }: IncomingMessage, text: string): ApiRequest {
  const { pathname: path, searchParams: query } = new URL(url, "http://api");
  const body = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
  const parts = { method, path, query, headers, text, body };
  return { verb: verbOf(method, path, query), target: targetOf(path), ...parts, atMs: performance.now() };
}
