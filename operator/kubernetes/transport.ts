/**
 * Requests to the API server: one HTTP/1.1 pool for all of them and one connection per watch, credentials by
 * client-node's KubeConfig (in-cluster tokens are re-read as they rotate). Errors become ours here.
 */
import { HttpMethod, RequestContext, type KubeConfig } from "@kubernetes/client-node";
import { Agent, fetch, type Dispatcher, type Response } from "undici";
import { ClusterError, ConflictError, RefusedError } from "../errors.ts";

export type Verb = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
export type PatchType =
  "application/json-patch+json" | "application/strategic-merge-patch+json" | "application/merge-patch+json";

export interface RequestOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly patchType?: PatchType;
  readonly timeoutMs?: number;
}

const methods: Readonly<Record<Verb, HttpMethod>> = {
  GET: HttpMethod.GET,
  POST: HttpMethod.POST,
  PUT: HttpMethod.PUT,
  PATCH: HttpMethod.PATCH,
  DELETE: HttpMethod.DELETE,
};

export class Transport {
  readonly #config: KubeConfig;
  readonly #userAgent: string;
  readonly #connections: number;
  #pool: { readonly key: string; readonly agent: Agent } | undefined;
  /** The API server's clock minus ours, from its Date headers (whole seconds). */
  #skewMs = 0;

  constructor(config: KubeConfig, options: { readonly userAgent: string; readonly connections?: number }) {
    this.#config = config;
    this.#userAgent = options.userAgent;
    this.#connections = options.connections ?? 32;
  }

  /** Milliseconds since the epoch by the API server's clock, by which every timestamp that we compare was written. */
  now = (): number => Date.now() + this.#skewMs;

  /** One request and its JSON answer; undefined for 404. Throws ConflictError, RefusedError or ClusterError. */
  async request(verb: Verb, path: string, options: RequestOptions = {}): Promise<unknown> {
    const signal = AbortSignal.timeout(options.timeoutMs ?? 30_000);
    const response = await this.#send(verb, path, { ...options, signal });
    const text = await response.text().catch((cause: unknown) => {
      throw new ClusterError(`${verb} ${path}: the answer broke off`, { cause });
    });
    if (response.ok) return parseJson(text, `${verb} ${path}`);
    if (response.status === 404) return undefined;
    throw errorOf(`${verb} ${path}`, response, text);
  }

  /** Opens a watch on a connection of its own; the caller reads the body. Throws like request. */
  async open(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<{ body: AsyncIterable<Uint8Array>; close: () => Promise<void> }> {
    const agent = new Agent({
      ...(await this.#connectOptions()).options,
      connections: 1,
      bodyTimeout: 0,
      headersTimeout: 60_000,
    });
    const close = (): Promise<void> => agent.destroy();
    try {
      const response = await this.#send("GET", path, { query, signal, dispatcher: agent });
      if (!response.ok) throw errorOf(`watch ${path}`, response, await response.text());
      if (response.body === null) throw new ClusterError(`watch ${path}: an answer without a body`);
      return { body: response.body, close };
    } catch (error) {
      await close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#pool?.agent.destroy();
    this.#pool = undefined;
  }

  async #send(
    verb: Verb,
    path: string,
    options: RequestOptions & { signal: AbortSignal; dispatcher?: Dispatcher },
  ): Promise<Response> {
    const url = new URL((this.#config.getCurrentCluster()?.server ?? "") + path);
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    try {
      const context = new RequestContext(url.toString(), methods[verb]);
      await this.#config.applySecurityAuthentication(context);
      const hasBody = options.body !== undefined;
      const response = await fetch(url, {
        method: verb,
        headers: {
          ...context.getHeaders(),
          accept: "application/json",
          "user-agent": this.#userAgent,
          ...(hasBody ? { "content-type": options.patchType ?? "application/json" } : {}),
        },
        dispatcher: options.dispatcher ?? (await this.#shared()),
        signal: options.signal,
        ...(hasBody ? { body: JSON.stringify(options.body) } : {}),
      });
      this.#learnClock(response.headers.get("date"));
      return response;
    } catch (cause) {
      throw new ClusterError(`${verb} ${path}: no answer from the API server`, { cause });
    }
  }

  /** A Date header is cut to the second: a difference of under two is none. */
  #learnClock(date: string | null): void {
    const serverMs = Date.parse(date ?? "");
    if (Number.isNaN(serverMs)) return;
    const skewMs = serverMs + 500 - Date.now();
    this.#skewMs = Math.abs(skewMs) < 2_000 ? 0 : skewMs;
  }

  async #shared(): Promise<Agent> {
    const { key, options } = await this.#connectOptions();
    if (this.#pool?.key !== key) {
      void this.#pool?.agent.close();
      const agent = new Agent({
        ...options,
        connections: this.#connections,
        keepAliveTimeout: 30_000,
        headersTimeout: 30_000,
      });
      this.#pool = { key, agent };
    }
    return this.#pool.agent;
  }

  /** TLS settings as client-node derives them; the key changes when a certificate was rotated. */
  async #connectOptions(): Promise<{ key: string; options: Agent.Options }> {
    const https: Record<string, unknown> = {};
    await this.#config.applyToHTTPSOptions(https);
    const names = ["ca", "cert", "key", "pfx", "passphrase", "rejectUnauthorized", "servername"] as const;
    const tls = Object.fromEntries(
      names.filter((name) => https[name] !== undefined).map((name) => [name, https[name]]),
    );
    const key = JSON.stringify(tls, (_name, value: unknown) =>
      Buffer.isBuffer(value) ? value.toString("base64") : value,
    );
    return { key, options: { connect: { ...tls, keepAlive: true, keepAliveInitialDelay: 30_000 }, allowH2: false } };
  }
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ClusterError(`${what}: the answer is not JSON`, { cause });
  }
}

interface StatusObject {
  readonly message?: string;
  readonly reason?: string;
}

function errorOf(what: string, response: Response, body: string): Error {
  const { message, reason = "" } = statusOf(body);
  const text = `${what}: ${response.status} ${message ?? response.statusText}`;
  // A failed JSON `test` says 422 and nothing more: somebody was faster.
  if (response.status === 409 && reason !== "AlreadyExists") return new ConflictError(text);
  if (response.status === 422 && /the server rejected our request|testing value|test operation/i.test(message ?? ""))
    return new ConflictError(text);
  if (response.status === 410 || response.status === 429 || response.status >= 500) {
    const seconds = Number(response.headers.get("retry-after") ?? "");
    return new ClusterError(text, seconds > 0 ? { retryAfterMs: seconds * 1000 } : {});
  }
  return new RefusedError(text, { code: response.status, reason });
}

function statusOf(body: string): StatusObject {
  try {
    return JSON.parse(body) as StatusObject;
  } catch {
    return {};
  }
}
