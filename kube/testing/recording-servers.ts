/** Servers that record their requests: API servers with and without TLS, and proxies. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect, createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { selfSigned, type Certificate } from "./certificates.ts";

/** The parts of a request that must be the same for kubectl and the loader. */
export interface Recorded {
  readonly server: string;
  readonly path: string;
  readonly host: string;
  readonly authorization: string;
  readonly impersonation: readonly string[];
  /** Common name of the client's certificate; empty without one. */
  readonly certificate: string;
  readonly serverName: string;
}

export class RecordingServers {
  readonly certificate: Certificate = selfSigned("IP:127.0.0.1,IP:::1,DNS:localhost,DNS:kube.test");
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  /** Since the last take(). */
  #recorded: Recorded[] = [];
  /** Requests to proxies, with their credentials. */
  #proxied: string[] = [];

  take(): { readonly requests: readonly Recorded[]; readonly proxied: readonly string[] } {
    const taken = { requests: this.#recorded, proxied: this.#proxied };
    this.#recorded = [];
    this.#proxied = [];
    return taken;
  }

  /** Resolves to the port. */
  async api(name: string, options: { readonly tls: boolean; readonly host?: string }): Promise<number> {
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      this.#recorded.push(recordOf(name, request));
      response.setHeader("content-type", "application/json");
      if (request.method === "POST") void storedObject(request).then((object) => response.end(object));
      else response.end(JSON.stringify({ major: "1", minor: "35", gitVersion: "v1.35.0", items: [] }));
    };
    const tls = { ...this.certificate, requestCert: true, rejectUnauthorized: false };
    return this.#listen(options.tls ? createTlsServer(tls, answer) : createServer(answer), options.host);
  }

  /** Starts an HTTP proxy for CONNECT and absolute addresses, with TLS on request. Resolves to the port. */
  async httpProxy(name: string, { tls }: { readonly tls: boolean }): Promise<number> {
    const record = ({ method = "", url = "", headers }: IncomingMessage): void => {
      this.#proxied.push(`${name} ${method} ${url.split("?")[0] ?? ""} ${headers["proxy-authorization"] ?? ""}`.trim());
    };
    const forward = (request: IncomingMessage, response: ServerResponse): void => {
      record(request);
      this.#recorded.push(recordOf(`via ${name}`, request));
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ major: "1", minor: "35", gitVersion: "v1.35.0" }));
    };
    const server = tls ? createTlsServer(this.certificate, forward) : createServer(forward);
    server.on("connect", (request: IncomingMessage, socket: Socket) => {
      record(request);
      if (request.url?.startsWith("forbidden.test") === true) return void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      const target = connect(Number(request.url?.split(":").at(-1)), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.pipe(target).pipe(socket);
      });
      target.on("error", () => socket.destroy());
      socket.on("error", () => target.destroy());
    });
    return this.#listen(server);
  }

  /** Starts a SOCKS5 proxy that accepts any name and password and connects to the requested port on 127.0.0.1. */
  async socksProxy(name: string): Promise<number> {
    const server = createTcpServer((socket) => {
      socket.on("error", () => undefined);
      void this.#serveSocks(name, socket).catch(() => socket.destroy());
    });
    return this.#listen(server);
  }

  async #serveSocks(name: string, socket: Socket): Promise<void> {
    const methods = await chunk(socket);
    const hasLogin = methods.includes(2, 2);
    socket.write(Buffer.from([5, hasLogin ? 2 : 0]));
    let login = "";
    if (hasLogin) {
      const given = await chunk(socket);
      const length = given[1] ?? 0;
      login = `${given.toString("utf8", 2, 2 + length)}:${given.toString("utf8", 3 + length)}`;
      socket.write(Buffer.from([1, 0]));
    }
    const asked = await chunk(socket);
    const port = asked.readUInt16BE(asked.length - 2);
    this.#proxied.push(`${name} ${port} ${login}`.trim());
    const target = connect(port, "127.0.0.1", () => {
      socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
      socket.pipe(target).pipe(socket);
    });
    target.on("error", () => socket.destroy());
  }

  async #listen(server: Server, host = "127.0.0.1"): Promise<number> {
    this.#servers.push(server);
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket.on("error", () => undefined));
      socket.on("close", () => this.#sockets.delete(socket));
    });
    server.on("tlsClientError", () => undefined);
    server.listen(0, host);
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => once(server.close(), "close")));
  }
}

async function chunk(socket: Socket): Promise<Buffer> {
  const [data] = (await once(socket, "data")) as [Buffer];
  return data;
}

/** Returns the request's object as the API server would store it. */
async function storedObject(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const object = JSON.parse(Buffer.concat(chunks).toString() || "{}") as { readonly metadata?: object };
  return JSON.stringify({ ...object, metadata: { ...object.metadata, uid: "uid", resourceVersion: "1" } });
}

function recordOf(server: string, request: IncomingMessage): Recorded {
  const { url = "", headers, rawHeaders, socket } = request;
  const tls = socket as Partial<TLSSocket>;
  const impersonation = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 && /^impersonate-/i.test(name) ? [`${name.toLowerCase()}: ${rawHeaders[index + 1] ?? ""}`] : [],
  );
  return {
    server,
    path: url.split("?")[0] ?? "",
    host: headers.host ?? "",
    authorization: headers.authorization ?? "",
    impersonation: impersonation.toSorted(),
    certificate: commonNameOf(tls),
    serverName: typeof tls.servername === "string" ? tls.servername : "",
  };
}

/** Empty without a certificate; node then returns an object without fields. */
function commonNameOf(socket: Partial<TLSSocket>): string {
  const { subject } = (socket.getPeerCertificate?.() ?? {}) as { readonly subject?: { readonly CN?: string } };
  return subject?.CN ?? "";
}
