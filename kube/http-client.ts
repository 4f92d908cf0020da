/**
 * HTTP/1.1 to an API server over node:http, with the access that a kubeconfig or the pod's service account gives.
 * It knows no Kubernetes errors and retries only a 401, with renewed credentials. Its callers interpret the answer.
 */
import { request as send, type ClientRequest, type IncomingMessage } from "node:http";
import type { ClusterAccess } from "./access.ts";
import type { Credentials } from "./credentials.ts";
import { DialAgent } from "./dial-agent.ts";
import { Exchange } from "./exchange.ts";
import {
  HttpError,
  type HttpHead,
  type HttpMethod,
  type HttpRequest,
  type HttpResponse,
  type HttpStream,
  type WholeRequest,
} from "./http.ts";

/** The part of a cluster's access that requests need. */
export type HttpAccess = Pick<ClusterAccess, "origin" | "pathPrefix" | "credentials" | "renew" | "connect">;

export interface HttpClientOptions {
  readonly userAgent: string;
  /** Connections for requests; streams have their own. Default: no limit. */
  readonly maxConnections?: number;
}

/** Idle connections are closed before an API server or a load balancer does it. */
const idleConnectionMs = 30_000;

interface Agents {
  readonly tlsKey: string;
  readonly requests: DialAgent;
  readonly streams: DialAgent;
}

export class HttpClient {
  readonly #access: HttpAccess;
  readonly #options: HttpClientOptions;
  readonly #origin: Pick<URL, "host" | "hostname" | "port">;
  #agents: Agents | undefined;
  #inFlight = 0;
  /** Requests that wait for a connection, in their order. Each returns whether it has taken one. */
  readonly #queue: (() => boolean)[] = [];

  constructor(access: HttpAccess, options: HttpClientOptions) {
    this.#access = access;
    this.#options = options;
    const { host, hostname, port } = new URL(access.origin);
    this.#origin = { host, hostname, port };
  }

  /** One request and its whole answer, whatever its status. Throws HttpError. */
  send(method: HttpMethod, path: string, request: WholeRequest): Promise<HttpResponse> {
    return this.#withCredentials(request, (credentials) => {
      return new Promise((resolve, reject) => {
        const exchange = new Exchange(request, { resolve, reject });
        this.#queue.push(() => {
          if (exchange.isSettled) return false;
          try {
            const agent = this.#agentsWith(credentials).requests;
            const sent = this.#request({ method, path, agent, credentials }, request);
            exchange.start(sent);
            // The agent has the connection back one tick after the request is closed.
            sent.once("close", () => process.nextTick(() => this.#freeConnection()));
            return true;
          } catch (error) {
            // node:http sends no path and no header with characters that HTTP forbids.
            exchange.fail(error as Error);
            return false;
          }
        });
        this.#startQueued();
      });
    });
  }

  /** Opens a watch or a log. Only the headers have a deadline: the body may stay silent. Throws HttpError. */
  open(path: string, request: HttpRequest & { readonly headersTimeoutMs: number }): Promise<HttpStream> {
    return this.#withCredentials(request, async (credentials) => {
      const agent = this.#agentsWith(credentials).streams;
      const answer = await headersOf(
        () => this.#request({ method: "GET", path, agent, credentials }, request),
        request,
      );
      const { statusCode = 0, headers } = answer;
      request.onHeaders?.({ statusCode, headers });
      return { statusCode, headers, chunks: chunksOf(answer, request.signal), close: () => answer.destroy() };
    });
  }

  close(): void {
    this.#agents?.requests.destroy();
    this.#agents?.streams.destroy();
    this.#agents = undefined;
  }

  /** node's agent counts no connection that is still being made: `maxSockets` alone would not hold in a burst. */
  #startQueued(): void {
    const { maxConnections = Infinity } = this.#options;
    while (this.#inFlight < maxConnections) {
      const start = this.#queue.shift();
      if (start === undefined) return;
      if (start()) this.#inFlight += 1;
    }
  }

  #freeConnection(): void {
    this.#inFlight -= 1;
    this.#startQueued();
  }

  /** Sends, and once more after a 401 if there are other credentials. */
  async #withCredentials<A extends HttpHead & { close?(): void }>(
    { signal }: HttpRequest,
    ask: (credentials: Credentials) => Promise<A>,
  ): Promise<A> {
    const credentials = await ready(() => this.#access.credentials());
    const answer = await ask(credentials);
    if (answer.statusCode !== 401 || signal?.aborted === true) return answer;
    if (!(await ready(() => this.#access.renew(credentials)))) return answer;
    answer.close?.();
    return ask(await ready(() => this.#access.credentials()));
  }

  #request(
    {
      method,
      path,
      agent,
      credentials,
    }: { method: HttpMethod; path: string; agent: DialAgent; credentials: Credentials },
    { query, body: content, contentType = "application/json", accept = "application/json" }: HttpRequest,
  ): ClientRequest {
    const { pathPrefix } = this.#access;
    const { host, hostname, port } = this.#origin;
    const body = content === undefined ? undefined : JSON.stringify(content);
    const request = send({
      method,
      host: hostname,
      port: port || undefined,
      path: pathPrefix + path + searchOf(query),
      agent,
      headers: {
        host,
        ...(credentials.headers as Record<string, string | string[]>),
        accept,
        "user-agent": this.#options.userAgent,
        ...(body === undefined ? {} : { "content-type": contentType, "content-length": Buffer.byteLength(body) }),
      },
    });
    request.end(body);
    return request;
  }

  /** Connections of one client certificate; those of an earlier one end with their requests. */
  #agentsWith({ tls, tlsKey }: Credentials): Agents {
    if (this.#agents?.tlsKey !== tlsKey) {
      this.#agents?.requests.retire();
      this.#agents?.streams.retire();
      this.#agents = {
        tlsKey,
        requests: new DialAgent(this.#access, { tls, timeout: idleConnectionMs }),
        streams: new DialAgent(this.#access, { tls }),
      };
    }
    return this.#agents;
  }
}

async function ready<T>(ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    throw new HttpError("no credentials", { cause });
  }
}

/** The signal ends both the request and, later, its body. */
function headersOf(
  begin: () => ClientRequest,
  { signal, headersTimeoutMs }: { readonly signal?: AbortSignal | undefined; readonly headersTimeoutMs: number },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let request: ClientRequest | undefined;
    const fail = (cause: unknown): void => {
      clearTimeout(timer);
      reject(new HttpError("no answer", { cause }));
      request?.destroy(cause instanceof Error ? cause : undefined);
    };
    const timer = setTimeout(() => {
      fail(new DOMException(`no answer within ${headersTimeoutMs} ms`, "TimeoutError"));
    }, headersTimeoutMs);
    // node:http's own `signal` option stops listening when the headers arrive.
    const onAbort = (): void => {
      fail(signal?.reason);
    };
    try {
      request = begin();
    } catch (error) {
      fail(error);
      return;
    }
    signal?.addEventListener("abort", onAbort);
    request.on("close", () => signal?.removeEventListener("abort", onAbort));
    request.on("error", fail);
    request.once("response", (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    if (signal?.aborted === true) onAbort();
  });
}

async function* chunksOf(answer: IncomingMessage, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of answer) yield chunk as Buffer;
  } catch (error) {
    throw new HttpError("broken", { cause: signal?.aborted === true ? signal.reason : error });
  }
}

/** With its question mark; empty without parameters. */
function searchOf(query: HttpRequest["query"]): string {
  if (query === undefined) return "";
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? "" : `?${search.toString()}`;
}
