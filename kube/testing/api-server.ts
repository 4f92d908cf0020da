/**
 * An API server in the test's process, on a free port of 127.0.0.1: objects in memory, lists in pages, watches with
 * history. Each request can meet a fault of a real server or of the network.
 */
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apiRequest, type ApiRequest, type ApiVerb } from "./api-request.ts";
import type { Certificate } from "./certificates.ts";
import { execute } from "./execute.ts";
import { ObjectStore, type NewObject, type StoredObject } from "./object-store.ts";
import { failure, sendInPieces, sendJson, type ApiFault, type ApiResponse } from "./responses.ts";
import { Watches } from "./watches.ts";

export interface ApiServerOptions {
  /** With it the server uses TLS; clients send credentials only over TLS. */
  readonly tls?: Certificate;
  /** Namespace of the kubeconfig, and of objects whose namespace a test does not name. Default: agents. */
  readonly namespace?: string;
}

export class ApiServer {
  readonly #options: ApiServerOptions;
  readonly #namespace: string;
  readonly #server: Server;
  readonly #watches = new Watches();
  readonly #store = new ObjectStore((change) => this.#watches.publish(change));
  readonly #sockets = new Set<Socket>();
  readonly #hung = new Set<ServerResponse>();
  /** Every request so far. */
  readonly requests: ApiRequest[] = [];
  /** Number of TCP connections so far. */
  connections = 0;
  /** Responds to a request instead of the server; returns false to let the server respond. */
  intercept: (request: ApiRequest, response: ServerResponse) => boolean = () => false;
  /** Returns the fault of a request, if any. */
  fault: (request: ApiRequest) => ApiFault | undefined = () => undefined;

  constructor(options: ApiServerOptions = {}) {
    this.#options = options;
    this.#namespace = options.namespace ?? "agents";
    const receive = (message: IncomingMessage, response: ServerResponse): void => {
      const chunks: Buffer[] = [];
      message.on("data", (chunk: Buffer) => chunks.push(chunk));
      message.on("end", () => this.#handle(apiRequest(message, Buffer.concat(chunks).toString()), response));
    };
    this.#server = options.tls === undefined ? createServer(receive) : createTlsServer(options.tls, receive);
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

  /** Stops listening and closes all connections. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Returns a kubeconfig (JSON is YAML) for this server. */
  kubeconfig(user: object = { token: "secret-token" }): string {
    const { tls } = this.#options;
    const certificate = tls === undefined ? {} : { "certificate-authority-data": btoa(tls.cert) };
    const server = `${tls === undefined ? "http" : "https"}://127.0.0.1:${this.port}`;
    return JSON.stringify({
      clusters: [{ name: "test", cluster: { server, ...certificate } }],
      users: [{ name: "test", user }],
      contexts: [{ name: "test", context: { cluster: "test", user: "test", namespace: this.#namespace } }],
      "current-context": "test",
    });
  }

  /** Returns the path of a kubeconfig, a new one for each call, so that tests share no connection. */
  kubeconfigFile(): string {
    const file = join(mkdtempSync(join(tmpdir(), "api-server-")), "config");
    writeFileSync(file, this.kubeconfig());
    return file;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** Watch requests so far, oldest first. */
  get watchRequests(): readonly ApiRequest[] {
    return this.requests.filter(({ verb }) => verb.startsWith("watch "));
  }

  /** Requests for a first page so far, oldest first. */
  get listRequests(): readonly ApiRequest[] {
    return this.requests.filter(({ verb, query }) => verb.startsWith("list ") && !query.has("continue"));
  }

  /** Returns the number of requests with this verb so far. */
  count(verb: ApiVerb): number {
    return this.requests.filter((each) => each.verb === verb).length;
  }

  /** Returns a stored object. */
  get(resource: string, name: string, namespace = this.#namespace): StoredObject | undefined {
    return this.#store.get({ resource, namespace, name });
  }

  /** Returns the objects of a resource in all namespaces. */
  all(resource: string): StoredObject[] {
    return this.#store.all(resource);
  }

  /** Stores an object and notifies the watches. */
  put(resource: string, object: NewObject): StoredObject {
    return this.#store.put(resource, object, this.#namespace);
  }

  /** Deletes an object and notifies the watches. */
  remove(resource: string, name: string): void {
    this.#store.remove({ resource, namespace: this.#namespace, name });
  }

  /** Writes raw bytes into all open watches of a resource. */
  writeToWatches(resource: string, bytes: string | Uint8Array): void {
    this.#watches.write(resource, bytes);
  }

  /** Ends every watch: normally, with a TCP reset, or half-open (the server sends no more). */
  endWatches(how: "end" | "reset" | "silence"): void {
    this.#watches.end(how);
  }

  /** Closes all connections except those of watches: waiting requests get no response. */
  breakRequests(): void {
    const watched = this.#watches.sockets;
    for (const socket of this.#sockets) if (!watched.has(socket)) socket.destroy();
  }

  /** Drops the history, like etcd's compaction: watches from before get 410. */
  compact(): void {
    this.#store.compact();
  }

  /** Ends all hanging requests. */
  heal(): void {
    for (const response of this.#hung) response.destroy();
    this.#hung.clear();
  }

  /** Executes a request. A subclass adds what only its tests need. */
  protected respond(request: ApiRequest): ApiResponse {
    return execute(this.#store, request);
  }

  /** Responds to requests whose response is a stream; returns false for any other request. */
  protected stream(request: ApiRequest, response: ServerResponse, fault: ApiFault | undefined): boolean {
    if (!request.verb.startsWith("watch ")) return false;
    const missed = this.#store.changesAfter(Number(request.query.get("resourceVersion")));
    const left = fault?.kind === "cut" ? fault.afterBytes : Infinity;
    const tooOld = failure(410, "Expired", "too old resource version");
    if (fault?.kind === "answer") response.writeHead(200, { "content-type": "text/html" }).end(fault.body);
    else if (missed === undefined) sendJson(response, tooOld.code, tooOld.body);
    else this.#watches.open({ response, request, left }, missed);
    return true;
  }

  #handle(request: ApiRequest, response: ServerResponse): void {
    this.requests.push(request);
    response.on("error", () => undefined);
    const fault = this.fault(request);
    if (fault?.kind === "hang") {
      this.#hung.add(response);
      return;
    }
    if (fault?.kind === "reject") {
      const headers = fault.retryAfterSeconds === undefined ? {} : { "retry-after": String(fault.retryAfterSeconds) };
      sendJson(response, fault.code, failure(fault.code, "rejected by the test").body, headers);
      return;
    }
    if (fault?.kind === "reset" && !fault.done) {
      response.socket?.resetAndDestroy();
      return;
    }
    if (this.intercept(request, response) || this.stream(request, response, fault)) return;
    const answer = this.respond(request);
    if (fault === undefined) sendJson(response, answer.code, answer.body);
    else if (fault.kind === "answer") response.writeHead(200, { "content-type": "application/json" }).end(fault.body);
    else if (fault.kind === "reset") response.socket?.resetAndDestroy();
    else sendInPieces(response, answer, fault);
  }
}
