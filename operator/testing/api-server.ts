/**
 * An API server in the test's own process: collections in memory, lists in pages, watches with history, and every
 * fault that a real one or the network before it can show. Plain HTTP on a free port of 127.0.0.1.
 */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** One request as it came in. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly atMs: number;
}

/** Answers a request in the server's place; false leaves it to the server. */
export type Intercept = (exchange: Exchange, response: ServerResponse) => boolean;

/** An object as the server keeps it; a name and a namespace are all that it looks at. */
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
  /** Every request so far. */
  readonly exchanges: Exchange[] = [];
  /** TCP connections so far. */
  connections = 0;
  /** A fault to be played instead of the next answers. */
  intercept: Intercept = () => false;

  constructor() {
    this.#server = createServer((request, response) => {
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
    });
    this.#server.on("connection", (socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket)).on("error", () => undefined);
    });
  }

  /** Listens, on the port it had before if there was one. */
  async listen(port = 0): Promise<this> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** A kubeconfig (JSON is YAML) that leads here. */
  kubeconfig(user: object = { token: "secret-token" }): string {
    const cluster = { server: `http://127.0.0.1:${this.port}`, "insecure-skip-tls-verify": true };
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

  /** Stores an object and tells the watches. */
  put(collection: string, thing: Thing): Thing {
    const objects = this.#objects.get(collection) ?? new Map<string, Thing>();
    this.#objects.set(collection, objects);
    const before = objects.get(thing.metadata.name);
    const metadata = { uid: `uid-${thing.metadata.name}`, ...thing.metadata, resourceVersion: String(++this.#version) };
    const object = { ...thing, metadata };
    objects.set(thing.metadata.name, object);
    this.#tell({ version: this.#version, collection, type: before === undefined ? "ADDED" : "MODIFIED", object });
    return object;
  }

  /** The object as it is stored, if it is. */
  get(collection: string, name: string): Thing | undefined {
    return this.#objects.get(collection)?.get(name);
  }

  /** Deletes an object and tells the watches. */
  remove(collection: string, name: string): void {
    const object = this.#objects.get(collection)?.get(name);
    if (object === undefined) throw new Error(`no ${name} in ${collection}`);
    this.#objects.get(collection)?.delete(name);
    const metadata = { ...object.metadata, resourceVersion: String(++this.#version) };
    this.#tell({ version: this.#version, collection, type: "DELETED", object: { ...object, metadata } });
  }

  /** Writes bytes as they are into all open watches of a collection. */
  say(collection: string, bytes: string | Uint8Array): void {
    for (const [response, watched] of this.#watches) if (watched === collection) response.write(bytes);
  }

  /** Ends every watch: in order, by a TCP reset, or only from the server's view (half-open: it says no more). */
  endWatches(how: "end" | "reset" | "silence"): void {
    for (const response of this.#watches.keys()) {
      if (how === "end") response.end();
      if (how === "reset") response.socket?.resetAndDestroy();
    }
    this.#watches.clear();
  }

  /** Breaks off every connection but those of watches: whoever waits for an answer gets none. */
  breakRequests(): void {
    const watched = new Set([...this.#watches.keys()].map(({ socket }) => socket));
    for (const socket of this.#sockets) if (!watched.has(socket)) socket.destroy();
  }

  /** Forgets what changed so far, as etcd's compaction does: watches from before it are answered 410. */
  compact(): void {
    this.#oldest = ++this.#version;
    this.#history.length = 0;
  }

  /** Stops listening and breaks off all connections. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  #answer({ method, path, query, body }: Exchange, response: ServerResponse): void {
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
    json(response, 200, { kind: "List", metadata, items: objects.slice(from, to) });
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

  #tell(change: Change): void {
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
