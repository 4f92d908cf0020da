/**
 * An API server in the test's own process, with as much as the adapter speaks to: ClaudeRuns with a watch, Secrets, Leases, the
 * logs of pods, reviews of rights. Each request can meet a fault: before it was done, after it, or in the middle of its answer.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { failure, say, sayInPieces, type ApiFault } from "./answers.ts";
import { verbOf, type Asked, type Verb } from "./asked.ts";
import { ChangeFeed, type Thing } from "./change-feed.ts";
import type { KubeletLog } from "./kubelet-log.ts";

export class TestApi {
  readonly #server: Server;
  readonly #things = new Map<string, Map<string, Thing>>();
  readonly #feed = new ChangeFeed();
  readonly #hung = new Set<ServerResponse>();
  #version = 1_000;
  /** Every request so far. */
  readonly asked: Asked[] = [];
  /** Logs by the pod's name. */
  readonly logs = new Map<string, KubeletLog>();
  /** Asked for each request: what befalls it. */
  fault: (asked: Asked) => ApiFault | undefined = () => undefined;
  /** Rights that a review denies: "create secrets". */
  readonly denied = new Set<Verb>();
  /** Called when a run was made or changed by the adapter. */
  onRun: (run: ClaudeRun) => void = () => undefined;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { pathname: path, searchParams: query } = new URL(request.url ?? "/", "http://api");
        const text = Buffer.concat(chunks).toString();
        const body = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
        this.#take({ verb: verbOf(request.method ?? "GET", path, query), path, query, body }, response);
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

  /** A file that leads here; a new one each time, so that each test has a connection of its own. */
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

  /** Requests of this kind so far. */
  count(verb: Verb): number {
    return this.asked.filter((each) => each.verb === verb).length;
  }

  get(resource: string, name: string): Thing | undefined {
    return this.#things.get(resource)?.get(name);
  }

  all(resource: string): Thing[] {
    return [...(this.#things.get(resource)?.values() ?? [])];
  }

  /** The ClaudeRuns that exist. */
  get runs(): ClaudeRun[] {
    return this.all("clauderuns") as unknown as ClaudeRun[];
  }

  /** Stores an object and tells the watches. */
  put(resource: string, thing: object): Thing {
    const things = this.#things.get(resource) ?? new Map<string, Thing>();
    this.#things.set(resource, things);
    const given = thing as Thing;
    const before = things.get(given.metadata.name);
    const metadata = {
      uid: randomUUID(),
      namespace: "agents",
      ...given.metadata,
      resourceVersion: String(++this.#version),
    };
    const object = { ...given, metadata };
    things.set(metadata.name, object);
    if (resource === "clauderuns") this.#feed.tell({ type: before === undefined ? "ADDED" : "MODIFIED", object });
    return object;
  }

  remove(resource: string, name: string): void {
    const object = this.get(resource, name);
    if (object === undefined) return;
    this.#things.get(resource)?.delete(name);
    const metadata = { ...object.metadata, resourceVersion: String(++this.#version) };
    if (resource === "clauderuns") this.#feed.tell({ type: "DELETED", object: { ...object, metadata } });
  }

  /** What the operator writes: the run's status, merged. */
  status(name: string, status: Record<string, unknown>): void {
    const run = this.get("clauderuns", name);
    if (run === undefined) return;
    this.put("clauderuns", { ...run, status: { ...(run["status"] as object | undefined), ...status } });
  }

  /** Ends every watch that is open, in order or in the middle of things. */
  endWatches(how: "end" | "reset"): void {
    this.#feed.end(how);
  }

  /** Forgets what changed: watches from before are answered 410. */
  compact(): void {
    this.#feed.compact(++this.#version);
  }

  /** Breaks off what hangs. */
  heal(): void {
    for (const response of this.#hung) response.destroy();
    this.#hung.clear();
  }

  #take(asked: Asked, response: ServerResponse): void {
    this.asked.push(asked);
    response.on("error", () => undefined);
    const fault = this.fault(asked);
    if (fault?.kind === "hang") {
      this.#hung.add(response);
      return;
    }
    if (fault?.kind === "refuse") {
      const headers = fault.retryAfterSeconds === undefined ? {} : { "retry-after": String(fault.retryAfterSeconds) };
      say(response, fault.code, failure(fault.code, "refused by the test"), headers);
      return;
    }
    if (fault?.kind === "reset" && !fault.done) {
      response.socket?.resetAndDestroy();
      return;
    }
    if (asked.verb === "watch clauderuns") {
      this.#feed.open(asked, response, fault?.kind === "cut" ? fault.afterBytes : Infinity);
      return;
    }
    if (asked.verb === "get pods/log") {
      const log = this.logs.get(asked.path.split("/").at(-2) ?? "");
      if (log === undefined) say(response, 404, failure(404, "no such pod"));
      else log.show(asked.query, response);
      return;
    }
    const { code, body } = this.#do(asked);
    if (fault === undefined) say(response, code, body);
    else if (fault.kind === "reset") response.socket?.resetAndDestroy();
    else sayInPieces(response, code, JSON.stringify(body), fault);
  }

  #do({ verb, path, query, body }: Asked): { code: number; body: unknown } {
    const [action = "", resource = ""] = verb.split(" ");
    const name = path.split("/").at(-1) ?? "";
    if (path === "/version") return { code: 200, body: { major: "1", minor: "35" } };
    if (path === "/apis/paperclip.io/v1alpha1") return { code: 200, body: { resources: [{ name: "clauderuns" }] } };
    if (resource === "selfsubjectaccessreviews")
      return { code: 201, body: { status: { allowed: this.#allows(body) } } };
    if (action === "list")
      return {
        code: 200,
        body: {
          metadata: { resourceVersion: String(this.#version) },
          items: this.all(resource).filter((each) => isSelected(each, query)),
        },
      };
    if (action === "create") {
      const thing = body as Thing;
      if (this.get(resource, thing.metadata.name) !== undefined)
        return { code: 409, body: failure(409, "AlreadyExists") };
      const made = this.put(resource, thing);
      this.#told(resource, made);
      return { code: 201, body: made };
    }
    const existing = this.get(resource, name);
    if (existing === undefined) return { code: 404, body: failure(404, "NotFound") };
    if (action === "patch") {
      const changed = this.put(resource, merge(existing, body));
      this.#told(resource, changed);
      return { code: 200, body: changed };
    }
    if (action === "delete") this.remove(resource, name);
    return { code: 200, body: existing };
  }

  #told(resource: string, thing: Thing): void {
    if (resource === "clauderuns") queueMicrotask(() => this.onRun(thing as unknown as ClaudeRun));
  }

  #allows({ spec }: Record<string, unknown>): boolean {
    const { verb, resource, subresource } = (spec as { resourceAttributes: Record<string, string> }).resourceAttributes;
    const what = subresource === undefined ? resource : `${resource}/${subresource}`;
    return !this.denied.has(`${verb} ${what}` as Verb);
  }
}

/** By one label, and by one field at any depth. */
function isSelected(thing: Thing, query: URLSearchParams): boolean {
  const [label = "", value] = (query.get("labelSelector") ?? "").split("=");
  const [field = "", content] = (query.get("fieldSelector") ?? "").split("=");
  const labels = thing.metadata["labels"] as Record<string, string> | undefined;
  return (label === "" || labels?.[label] === value) && (field === "" || at(thing, field.split(".")) === content);
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
