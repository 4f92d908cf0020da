/**
 * An API server in the test's process, as far as the clients use it: ClaudeRuns with a watch, Secrets, Leases, logs of
 * pods, access reviews. Each request can meet a fault before it is executed, after it, or during its response.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { failureStatus, sendJson, sendInPieces, type ApiFault } from "./responses.ts";
import { verbOf, type ApiRequest, type ApiVerb } from "./api-request.ts";
import { ChangeFeed, type StoredObject } from "./change-feed.ts";
import type { KubeletLog } from "./kubelet-log.ts";

export class TestApi {
  readonly #server: Server;
  readonly #objects = new Map<string, Map<string, StoredObject>>();
  readonly #feed = new ChangeFeed();
  readonly #hung = new Set<ServerResponse>();
  #version = 1_000;
  /** Every request so far. */
  readonly requests: ApiRequest[] = [];
  /** Logs by the pod's name. */
  readonly logs = new Map<string, KubeletLog>();
  /** Returns the fault of a request, if any. */
  fault: (asked: ApiRequest) => ApiFault | undefined = () => undefined;
  /** Permissions that an access review denies, such as "create secrets". */
  readonly denied = new Set<ApiVerb>();
  /** Called after a client created or changed a run. */
  onRun: (run: ClaudeRun) => void = () => undefined;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { pathname: path, searchParams: query } = new URL(request.url ?? "/", "http://api");
        const text = Buffer.concat(chunks).toString();
        const body = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
        this.#handle({ verb: verbOf(request.method ?? "GET", path, query), path, query, body }, response);
      });
    });
  }

  async listen(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** Returns the path of a kubeconfig for this server, a new one for each call, so that tests share no connection. */
  kubeconfig(): string {
    const file = join(mkdtempSync(join(tmpdir(), "adapter-api-")), "config");
    const { port } = this.#server.address() as AddressInfo;
    const config = {
      clusters: [{ name: "test", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
      users: [{ name: "test", user: {} }],
      contexts: [{ name: "test", context: { cluster: "test", user: "test", namespace: "agents" } }],
      "current-context": "test",
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  /** Returns the number of requests with this verb so far. */
  count(verb: ApiVerb): number {
    return this.requests.filter((each) => each.verb === verb).length;
  }

  get(resource: string, name: string): StoredObject | undefined {
    return this.#objects.get(resource)?.get(name);
  }

  all(resource: string): StoredObject[] {
    return [...(this.#objects.get(resource)?.values() ?? [])];
  }

  /** The existing ClaudeRuns. */
  get runs(): ClaudeRun[] {
    return this.all("clauderuns") as unknown as ClaudeRun[];
  }

  /** Stores an object and notifies the watches. */
  put(resource: string, thing: object): StoredObject {
    const things = this.#objects.get(resource) ?? new Map<string, StoredObject>();
    this.#objects.set(resource, things);
    const given = thing as StoredObject;
    const before = things.get(given.metadata.name);
    const metadata = {
      uid: randomUUID(),
      namespace: "agents",
      ...given.metadata,
      resourceVersion: String(++this.#version),
    };
    const object = { ...given, metadata };
    things.set(metadata.name, object);
    if (resource === "clauderuns") this.#feed.publish({ type: before === undefined ? "ADDED" : "MODIFIED", object });
    return object;
  }

  remove(resource: string, name: string): void {
    const object = this.get(resource, name);
    if (object === undefined) return;
    this.#objects.get(resource)?.delete(name);
    const metadata = { ...object.metadata, resourceVersion: String(++this.#version) };
    if (resource === "clauderuns") this.#feed.publish({ type: "DELETED", object: { ...object, metadata } });
  }

  /** Merges these fields into the run's status, as the operator would. */
  status(name: string, status: Record<string, unknown>): void {
    const run = this.get("clauderuns", name);
    if (run === undefined) return;
    this.put("clauderuns", { ...run, status: { ...(run["status"] as object | undefined), ...status } });
  }

  /** Ends every open watch, normally or by a reset. */
  endWatches(how: "end" | "reset"): void {
    this.#feed.end(how);
  }

  /** Drops the history: an older watch gets 410. */
  compact(): void {
    this.#feed.compact(++this.#version);
  }

  /** Ends all hanging requests. */
  heal(): void {
    for (const response of this.#hung) response.destroy();
    this.#hung.clear();
  }

  #handle(asked: ApiRequest, response: ServerResponse): void {
    this.requests.push(asked);
    response.on("error", () => undefined);
    const fault = this.fault(asked);
    if (fault?.kind === "hang") {
      this.#hung.add(response);
      return;
    }
    if (fault?.kind === "reject") {
      const headers = fault.retryAfterSeconds === undefined ? {} : { "retry-after": String(fault.retryAfterSeconds) };
      sendJson(response, fault.code, failureStatus(fault.code, "rejected by the test"), headers);
      return;
    }
    if (fault?.kind === "reset" && !fault.done) {
      response.socket?.resetAndDestroy();
      return;
    }
    if (asked.verb === "watch clauderuns" && fault?.kind === "answer") {
      response.writeHead(200, { "content-type": "text/html" }).end(fault.body);
      return;
    }
    if (asked.verb === "watch clauderuns") {
      this.#feed.open(asked, response, fault?.kind === "cut" ? fault.afterBytes : Infinity);
      return;
    }
    if (asked.verb === "get pods/log") {
      const log = this.logs.get(asked.path.split("/").at(-2) ?? "");
      if (log === undefined) sendJson(response, 404, failureStatus(404, "no such pod"));
      else log.show(asked.query, response);
      return;
    }
    const { code, body } = this.#respond(asked);
    if (fault === undefined) sendJson(response, code, body);
    else if (fault.kind === "answer") response.writeHead(200, { "content-type": "application/json" }).end(fault.body);
    else if (fault.kind === "reset") response.socket?.resetAndDestroy();
    else sendInPieces(response, code, JSON.stringify(body), fault);
  }

  #respond({ verb, path, query, body }: ApiRequest): { code: number; body: unknown } {
    const [action = "", resource = ""] = verb.split(" ");
    const name = path.split("/").at(-1) ?? "";
    if (path === "/version") return { code: 200, body: { major: "1", minor: "35" } };
    if (path === "/apis/paperclip.io/v1alpha1") return { code: 200, body: { resources: [{ name: "clauderuns" }] } };
    if (resource === "selfsubjectaccessreviews")
      return { code: 201, body: { status: { allowed: this.#allows(body) } } };
    if (action === "list") {
      // As on the API server, a page continues after the last object of the page before, whatever changed since.
      const all = this.all(resource);
      const from = all.findIndex(({ metadata }) => metadata.name === query.get("continue")) + 1;
      const found = all.slice(from).filter((each) => isSelected(each, query));
      const items = found.slice(0, Number(query.get("limit") ?? Infinity));
      const metadata = {
        resourceVersion: String(this.#version),
        ...(items.length < found.length ? { continue: items.at(-1)?.metadata.name } : {}),
      };
      return { code: 200, body: { metadata, items } };
    }
    if (action === "create") {
      const thing = body as StoredObject;
      if (this.get(resource, thing.metadata.name) !== undefined)
        return { code: 409, body: failureStatus(409, "AlreadyExists") };
      const made = this.put(resource, thing);
      this.#notifyRun(resource, made);
      return { code: 201, body: made };
    }
    const existing = this.get(resource, name);
    if (existing === undefined) return { code: 404, body: failureStatus(404, "NotFound") };
    if (action === "patch") {
      const changed = this.put(resource, merge(existing, body));
      this.#notifyRun(resource, changed);
      return { code: 200, body: changed };
    }
    if (action === "delete") this.remove(resource, name);
    return { code: 200, body: existing };
  }

  #notifyRun(resource: string, thing: StoredObject): void {
    if (resource === "clauderuns") queueMicrotask(() => this.onRun(thing as unknown as ClaudeRun));
  }

  #allows({ spec }: Record<string, unknown>): boolean {
    const { verb, resource, subresource } = (spec as { resourceAttributes: Record<string, string> }).resourceAttributes;
    const target = subresource === undefined ? resource : `${resource}/${subresource}`;
    return !this.denied.has(`${verb} ${target}` as ApiVerb);
  }
}

/** Matches labels and fields at any depth: `key`, `key=value` and `key!=value`. */
function isSelected(thing: StoredObject, query: URLSearchParams): boolean {
  const labels = thing.metadata["labels"] as Record<string, unknown> | undefined;
  return (
    matches(query.get("labelSelector"), (key) => labels?.[key]) &&
    matches(query.get("fieldSelector"), (key) => at(thing, key.split(".")))
  );
}

function matches(selector: string | null, valueOf: (key: string) => unknown): boolean {
  return (selector ?? "").split(",").every((term) => {
    const [, key = "", operator, wanted = ""] = /^([^!=]*)(!?=)?(.*)$/.exec(term) ?? [];
    if (key === "") return true;
    const value = valueOf(key) ?? "";
    return operator === undefined ? value !== "" : (value === wanted) === (operator === "=");
  });
}

function at(value: unknown, [first, ...rest]: readonly string[]): unknown {
  if (first === undefined || typeof value !== "object" || value === null) return value;
  return at((value as Record<string, unknown>)[first], rest);
}

function merge<T>(target: T, patch: unknown): T {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch as T;
  const result: Record<string, unknown> = { ...(target as Record<string, unknown>) };
  for (const [key, value] of Object.entries(patch)) result[key] = merge(result[key], value);
  return result as T;
}
