/**
 * Serves /livez and /readyz, with `?verbose` one line per check, and /metrics. Every pod of the cluster can reach this
 * port. No request may end the process, keep its memory, or lock the kubelet's probes out.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { Socket } from "node:net";
import { refreshedEvery } from "./refreshed.ts";

/** The checks of a probe by name. A check returns the problem, or undefined if there is none. */
export type Checks = Readonly<Record<string, () => string | undefined>>;

export interface HealthOptions {
  /** The process must be restarted if one of these fails. */
  readonly livez: Checks;
  /** This replica can lead if none of these fails. */
  readonly readyz: Checks;
  /** The metrics in Prometheus' text format; called at most once a second. */
  readonly metrics: () => string;
}

/** More connections than kubelet and Prometheus ever have at once. The oldest one is closed if there are more. */
const maxConnections = 64;
/** Time for a whole request, and for a client that does not read the response. */
const requestTimeoutMs = 5_000;
const maxHeaderBytes = 8_192;
/** Computing the metrics visits every run. */
const metricsIntervalMs = 1_000;

const plainText = "text/plain; charset=utf-8";
const prometheusText = "text/plain; version=0.0.4; charset=utf-8";

interface Reply {
  readonly code: number;
  readonly text: string | Buffer;
  readonly type?: string;
}

/** Listens on a port until the server is closed. Rejects if it cannot listen. */
export async function serveHealth(port: number, { livez, readyz, metrics }: HealthOptions): Promise<Server> {
  const readMetrics = refreshedEvery(metricsIntervalMs, () => Buffer.from(metrics()));

  function replyTo({ method = "", url = "" }: IncomingMessage): Reply {
    if (method !== "GET" && method !== "HEAD") return { code: 405, text: `method ${method} is not allowed: use GET\n` };
    // The URL class throws for "//", which a client may send.
    const [path = "", query = ""] = url.split("?", 2);
    if (path === "/metrics") return { code: 200, text: readMetrics(), type: prometheusText };
    const checks = path === "/livez" ? livez : path === "/readyz" ? readyz : undefined;
    if (checks === undefined) return { code: 404, text: "not found: use /livez, /readyz or /metrics\n" };
    const isVerbose = query.split("&").some((parameter) => parameter.split("=", 1)[0] === "verbose");
    return checksReply(checks, isVerbose);
  }

  const server = createServer(
    {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      send(
        response,
        orInternalError(() => replyTo(request)),
      );
    },
  );
  server.timeout = requestTimeoutMs;
  // A probe never reuses its connection: more requests on one are an attack, and are not read.
  server.maxRequestsPerSocket = 1;
  server.on("connection", closingOldest(maxConnections));
  server.on("clientError", (_error, socket) => {
    // There is no response: a client that does not speak HTTP would not read one, and closing frees the memory.
    socket.destroy();
  });
  server.listen(port);
  await once(server, "listening");
  // For example too many open files: the next connection may be accepted.
  server.on("error", () => undefined);
  return server;
}

/** The reply, or 500 if computing it fails: a listener that throws would end the process. */
function orInternalError(reply: () => Reply): Reply {
  try {
    return reply();
  } catch (error) {
    return { code: 500, text: `internal error: ${error instanceof Error ? error.message : String(error)}\n` };
  }
}

function send(response: ServerResponse, { code, text, type = plainText }: Reply): void {
  // Closing the connection also ends a request body, which the server does not read.
  response.shouldKeepAlive = false;
  response.writeHead(code, { "content-type": type, "content-length": Buffer.byteLength(text) }).end(text);
}

/**
 * A listener that keeps at most `max` connections open. It closes the oldest one instead of the newest, so that idle
 * connections do not keep the kubelet's probe waiting.
 */
function closingOldest(max: number): (socket: Socket) => void {
  const open = new Set<Socket>();
  return (socket) => {
    const [oldest] = open;
    if (oldest !== undefined && open.size >= max) {
      open.delete(oldest);
      oldest.destroy();
    }
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  };
}

/** The same format as the API server's own probes. Failed checks are listed even without `?verbose`. */
function checksReply(checks: Checks, isVerbose: boolean): Reply {
  const results = Object.entries(checks).map(([name, check]) => ({ name, wrong: check() }));
  const code = results.every(({ wrong }) => wrong === undefined) ? 200 : 503;
  if (code === 200 && !isVerbose) return { code, text: "ok\n" };
  const lines = results.map(({ name, wrong }) => (wrong === undefined ? `[+] ${name} ok` : `[-] ${name}: ${wrong}`));
  return { code, text: `${lines.join("\n")}\n` };
}
