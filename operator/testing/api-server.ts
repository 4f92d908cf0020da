/**
 * An API server in the test's process, on a free port of 127.0.0.1: collections in memory, lists in pages, watches with
 * history, and every fault of a real one or of the network.
 */
import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";

/** A received request. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly atMs: number;
}

/** Answers a request instead of the server; returns false to let the server answer. */
export type Intercept = (exchange: Exchange, response: ServerResponse) => boolean;

/** A stored object; the server only reads its name and namespace. */
export interface Thing {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

interface Change {
  readonly version: number;
  readonly collection: string;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: Thing;
}

export class ApiServer {
  readonly #server: Server;
  readonly #objects = new Map<string, Map<string, Thing>>();
  readonly #history: Change[] = [];
  readonly #watches = new Map<ServerResponse, string>();
  readonly #sockets = new Set<Socket>();
  #version = 1_000;
  #oldest = 0;
  /** All requests so far. */
  readonly exchanges: Exchange[] = [];
  /** Number of TCP connections so far. */
  connections = 0;
  /** A fault that replaces the next answers. */
  intercept: Intercept = () => false;

  readonly #cert: string | undefined;

  /** Uses TLS if it gets a certificate and its key; clients send credentials only over TLS. */
  constructor(tls?: { readonly cert: string; readonly key: string }) {
    this.#cert = tls?.cert;
    const take = (request: IncomingMessage, response: ServerResponse): void => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { pathname: path, searchParams: query } = new URL(request.url ?? "/", "http://server");
        const body = Buffer.concat(chunks).toString();
        const { method = "GET", headers } = request;
        const exchange = { method, path, query, headers, body, atMs: performance.now() };
        this.exchanges.push(exchange);
        if (!this.intercept(exchange, response)) this.#answer(exchange, response);
      });
    };
    this.#server = tls === undefined ? createServer(take) : createTlsServer(tls, take);
    this.#server.on("connection", (socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket)).on("error", () => undefined);
    });
  }

  /** Listens on the given port, or on a free one. */
  async listen(port = 0): Promise<this> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** A kubeconfig (JSON is YAML) for this server. */
  kubeconfig(user: object = { token: "secret-token" }): string {
    const certificate = this.#cert === undefined ? {} : { "certificate-authority-data": btoa(this.#cert) };
    const scheme = this.#cert === undefined ? "http" : "https";
    const cluster = { server: `${scheme}://127.0.0.1:${this.port}`, ...certificate };
    return JSON.stringify({
      clusters: [{ name: "test", cluster }],
      users: [{ name: "test", user }],
      contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
      "current-context": "test",
    });
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** Watch requests so far, oldest first. */
  get watchRequests(): readonly Exchange[] {
    return this.exchanges.filter(({ query }) => query.get("watch") === "true");
  }

  /** Requests for a first page so far, oldest first. */
  get listRequests(): readonly Exchange[] {
    return this.exchanges.filter(
      ({ method, query }) => method === "GET" && query.has("limit") && !query.has("continue"),
    );
  }

  /** Stores an object and notifies the watches. */
  put(collection: string, thing: Thing): Thing {
    const objects = this.#objects.get(collection) ?? new Map<string, Thing>();
    this.#objects.set(collection, objects);
    const before = objects.get(thing.metadata.name);
    const metadata = { uid: `uid-${thing.metadata.name}`, ...thing.metadata, resourceVersion: String(++this.#version) };
    const object = { ...thing, metadata };
    objects.set(thing.metadata.name, object);
    this.#notify({ version: this.#version, collection, type: before === undefined ? "ADDED" : "MODIFIED", object });
    return object;
  }

  /** Returns a stored object. */
  get(collection: string, name: string): Thing | undefined {
    return this.#objects.get(collection)?.get(name);
  }

  /** Deletes an object and notifies the watches. */
  remove(collection: string, name: string): void {
    const object = this.#objects.get(collection)?.get(name);
    if (object === undefined) throw new Error(`no ${name} in ${collection}`);
    this.#objects.get(collection)?.delete(name);
    const metadata = { ...object.metadata, resourceVersion: String(++this.#version) };
    this.#notify({ version: this.#version, collection, type: "DELETED", object: { ...object, metadata } });
  }

  /** Writes raw bytes into all open watches of a collection. */
  say(collection: string, bytes: string | Uint8Array): void {
    for (const [response, watched] of this.#watches) if (watched === collection) response.write(bytes);
  }

  /** Ends every watch: normally, with a TCP reset, or half-open (the server sends no more). */
  endWatches(how: "end" | "reset" | "silence"): void {
    for (const response of this.#watches.keys()) {
      if (how === "end") response.end();
      if (how === "reset") response.socket?.resetAndDestroy();
    }
    this.#watches.clear();
  }

  /** Closes all connections except those of watches: waiting requests get no answer. */
  breakRequests(): void {
    const watched = new Set([...this.#watches.keys()].map(({ socket }) => socket));
    for (const socket of this.#sockets) if (!watched.has(socket)) socket.destroy();
  }

  /** Drops the history, like etcd's compaction: watches from before get 410. */
  compact(): void {
    this.#oldest = ++this.#version;
    this.#history.length = 0;
  }

  /** Stops listening and closes all connections. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  #answer({ method, path, query, body, headers }: Exchange, response: ServerResponse): void {
    if (method !== "GET") {
      json(response, method === "POST" ? 201 : 200, body === "" ? {} : (JSON.parse(body) as unknown));
      return;
    }
    if (query.get("watch") === "true") {
      this.#watch(path, Number(query.get("resourceVersion")), response);
      return;
    }
    const objects = [...(this.#objects.get(path)?.values() ?? [])];
    const from = Number(query.get("continue") ?? 0);
    const to = from + Number(query.get("limit") ?? objects.length);
    const next = to < objects.length ? { continue: String(to) } : {};
    const metadata = { resourceVersion: String(this.#version), ...next };
    const isPartial = headers.accept?.includes("as=PartialObjectMetadataList") === true;
    const items = objects.slice(from, to).map((object) => (isPartial ? { metadata: object.metadata } : object));
    json(response, 200, { kind: "List", metadata, items });
  }

  #watch(collection: string, from: number, response: ServerResponse): void {
    if (from < this.#oldest) {
      json(response, 410, { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" });
      return;
    }
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
    this.#watches.set(response, collection);
    response.on("close", () => this.#watches.delete(response));
    const missed = this.#history.filter((change) => change.version > from && change.collection === collection);
    if (missed.length > 0) response.write(missed.map(lineOf).join(""));
  }

  #notify(change: Change): void {
    this.#history.push(change);
    this.say(change.collection, lineOf(change));
  }
}

/** Answers with a JSON body. */
export function json(
  response: ServerResponse,
  code: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(code, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

function lineOf({ type, object }: { type: string; object: unknown }): string {
  return `${JSON.stringify({ type, object })}\n`;
}
