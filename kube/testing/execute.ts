/** Executes requests on the stored objects: discovery, reads, and writes with the API server's conflicts. */
import { randomUUID } from "node:crypto";
import type { ApiRequest } from "./api-request.ts";
import type { NewObject, ObjectStore, StoredObject } from "./object-store.ts";
import { failure, type ApiResponse } from "./responses.ts";

/** The resources that the server knows, by group and version. */
const served: Readonly<Record<string, readonly string[]>> = {
  "/api/v1": ["configmaps", "events", "namespaces", "persistentvolumeclaims", "pods", "secrets"],
  "/apis/batch/v1": ["jobs"],
  "/apis/coordination.k8s.io/v1": ["leases"],
  "/apis/events.k8s.io/v1": ["events"],
  "/apis/paperclip.io/v1alpha1": ["clauderuns"],
  "/apis/rbac.authorization.k8s.io/v1": ["clusterrolebindings", "rolebindings"],
};

/** Executes a request. Patches are merged, those with operations (JSON patches) are rejected. */
export function execute(store: ObjectStore, request: ApiRequest): ApiResponse {
  const { method, path, target } = request;
  const { groupVersion = "", resource = "", namespace = "", name, subresource } = target;
  if (path === "/version") return { code: 200, body: { major: "1", minor: "35" } };
  const resources = served[groupVersion] ?? [];
  if (path === groupVersion) return { code: 200, body: { resources: resources.map((each) => ({ name: each })) } };
  const isServed = resources.includes(resource) && (subresource === undefined || subresource === "status");
  if (!isServed) return failure(404, "NotFound");
  if (method === "POST") return create(store, request);
  if (method === "GET" && name === undefined) return list(store, request);
  const place = { resource, namespace, name: name ?? "" };
  const existing = store.get(place);
  if (existing === undefined) return failure(404, "NotFound");
  if (method === "DELETE") store.remove(place);
  return method === "PUT" || method === "PATCH" ? change(store, request, existing) : { code: 200, body: existing };
}

function list(store: ObjectStore, { target, query, headers }: ApiRequest): ApiResponse {
  const { metadata, items } = store.page(target, query);
  const isPartial = headers.accept?.includes("as=PartialObjectMetadataList") === true;
  const shown = isPartial ? items.map((each) => ({ metadata: each.metadata })) : items;
  return { code: 200, body: { kind: "List", metadata, items: shown } };
}

function create(store: ObjectStore, { target, body }: ApiRequest): ApiResponse {
  const { resource = "", namespace = "" } = target;
  const { metadata, ...rest } = body as {
    readonly metadata: { readonly name?: string; readonly generateName?: string };
  };
  const name = metadata.name ?? `${metadata.generateName ?? ""}${randomUUID()}`;
  if (store.get({ resource, namespace, name }) !== undefined) return failure(409, "AlreadyExists");
  return { code: 201, body: store.put(resource, { ...rest, metadata: { ...metadata, name } }, namespace) };
}

function change(store: ObjectStore, { target, method, body }: ApiRequest, existing: StoredObject): ApiResponse {
  if (Array.isArray(body)) return failure(415, "UnsupportedMediaType");
  const { uid, resourceVersion } = (body["metadata"] ?? {}) as Record<string, unknown>;
  const isCurrent = (resourceVersion ?? existing.metadata.resourceVersion) === existing.metadata.resourceVersion;
  if (!isCurrent || (uid ?? existing.metadata["uid"]) !== existing.metadata["uid"]) return failure(409, "Conflict");
  const whole = method === "PATCH" ? merge(existing, body) : (body as unknown as NewObject);
  const changed = target.subresource === "status" ? { ...existing, status: whole["status"] } : whole;
  return { code: 200, body: store.put(target.resource ?? "", changed, existing.metadata.namespace) };
}

function merge<T>(target: T, patch: unknown): T {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch as T;
  const result: Record<string, unknown> = { ...(target as Record<string, unknown>) };
  for (const [key, value] of Object.entries(patch)) result[key] = merge(result[key], value);
  return result as T;
}
