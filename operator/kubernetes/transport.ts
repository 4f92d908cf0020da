/**
 * Requests to the API server: one HTTP/1.1 pool for all of them and one connection per watch, credentials by
 * client-node's KubeConfig (in-cluster tokens are re-read as they rotate). Errors become ours here.
 */
import { STATUS_CODES, type IncomingHttpHeaders } from "node:http";
import type { RequestOptions as HttpsOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { Agent, type Dispatcher } from "undici";
import { ClusterError, ConflictError, ExpiredError, NamespaceTerminatingError, RefusedError } from "../errors.ts";

export type Verb = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
export type PatchType =
  "application/json-patch+json" | "application/strategic-merge-patch+json" | "application/merge-patch+json";

export interface RequestOptions {
  /** ignored: nobody looks at the answer of a success. text: it is no JSON. */
  readonly answer?: "ignored" | "text";
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly patchType?: PatchType;
  readonly timeoutMs?: number;
  /** Breaks the request off, beside its timeout. */
  readonly signal?: AbortSignal;
}

/** One request, or the opening of a watch, once its answer has begun or failed to come. */
export interface Call {
  readonly verb: "get" | "list" | "watch" | "create" | "update" | "patch" | "delete";
  /** Plural of the resource, and the subresource after a slash. */
  readonly resource: string;
  /** HTTP status code; "none": no answer came. */
  readonly code: string;
  readonly seconds: number;
}

/** What client-node derives from the kubeconfig or the pod's service account. */
interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: Readonly<Record<string, unknown>>;
  /** Changes when a certificate was rotated. */
  readonly tlsKey: string;
  readonly readAtMs: number;
}

/** So long are credentials used: reading them costs files and agents, and a burst makes hundreds of requests a second. */
const credentialsMs = 1_000;

export class Transport {
  readonly #config: KubeConfig;
  readonly #userAgent: string;
  readonly #connections: number;
  readonly #onCall: (call: Call) => void;
  #credentials: Credentials | undefined;
  #pool: { readonly tlsKey: string; readonly agent: Agent } | undefined;
  /** The API server's clock minus ours, from its Date headers (whole seconds). */
  #skewMs = 0;

  constructor(
    config: KubeConfig,
    options: { readonly userAgent: string; readonly connections?: number; readonly onCall?: (call: Call) => void },
  ) {
    this.#config = config;
    this.#userAgent = options.userAgent;
    this.#connections = options.connections ?? 32;
    this.#onCall = options.onCall ?? (() => undefined);
  }

  /** Milliseconds since the epoch by the API server's clock, by which every timestamp that we compare was written. */
  now = (): number => Date.now() + this.#skewMs;

  /** One request and its answer, parsed JSON unless said otherwise; undefined for 404. Throws ConflictError, RefusedError, ExpiredError or ClusterError. */
  async request(verb: Verb, path: string, options: RequestOptions = {}): Promise<unknown> {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? 30_000);
    const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
    const what = `${verb} ${path}`;
    const { statusCode, headers, body } = await this.#send(verb, path, { ...options, signal }, (credentials) =>
      this.#shared(credentials),
    );
    if (statusCode < 300 && options.answer === "ignored") {
      await body.dump();
      return undefined;
    }
    const text = await textOf(body, what);
    if (statusCode < 300) return options.answer === "text" ? text : parseJson(text, what);
    if (statusCode === 404) return undefined;
    throw errorOf(what, { statusCode, headers, text });
  }

  /** Opens a watch on a connection of its own; the caller reads the body. Throws like request. */
  async open(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<{ body: AsyncIterable<Uint8Array>; close: () => Promise<void> }> {
    let agent: Agent | undefined;
    const close = async (): Promise<void> => agent?.destroy();
    // Watches are opened rarely: each with the newest credentials.
    this.#credentials = undefined;
    try {
      const { statusCode, headers, body } = await this.#send("GET", path, { query, signal }, ({ tls }) => {
        agent = new Agent({ ...connecting(tls), connections: 1, bodyTimeout: 0, headersTimeout: 60_000 });
        return agent;
      });
      if (statusCode !== 200) {
        throw errorOf(`watch ${path}`, { statusCode, headers, text: await textOf(body, `watch ${path}`) });
      }
      return { body, close };
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
    options: RequestOptions & { signal: AbortSignal },
    agentFor: (credentials: Credentials) => Agent,
  ): Promise<Dispatcher.ResponseData> {
    const url = new URL((this.#config.getCurrentCluster()?.server ?? "") + path);
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const beganMs = performance.now();
    const called = (code: string): void => {
      const { pathname, searchParams } = url;
      this.#onCall({ ...describe(verb, pathname, searchParams), code, seconds: (performance.now() - beganMs) / 1000 });
    };
    try {
      const credentials = await this.#currentCredentials();
      const response = await agentFor(credentials).request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: verb,
        headers: {
          ...credentials.headers,
          accept: "application/json",
          "user-agent": this.#userAgent,
          ...(options.body === undefined ? {} : { "content-type": options.patchType ?? "application/json" }),
        },
        signal: options.signal,
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      });
      called(String(response.statusCode));
      this.#learnClock(response.headers.date);
      if (response.statusCode === 401) this.#credentials = undefined;
      return response;
    } catch (cause) {
      called("none");
      throw new ClusterError(`${verb} ${path}: no answer from the API server`, { cause });
    }
  }

  /** A Date header is cut to the second: a difference of under two is none. */
  #learnClock(date: string | string[] | undefined): void {
    const serverMs = Date.parse(String(date));
    if (Number.isNaN(serverMs)) return;
    const skewMs = serverMs + 500 - Date.now();
    this.#skewMs = Math.abs(skewMs) < 2_000 ? 0 : skewMs;
  }

  #shared({ tls, tlsKey }: Credentials): Agent {
    if (this.#pool?.tlsKey !== tlsKey) {
      void this.#pool?.agent.close();
      const agent = new Agent({
        ...connecting(tls),
        connections: this.#connections,
        keepAliveTimeout: 30_000,
        headersTimeout: 30_000,
      });
      this.#pool = { tlsKey, agent };
    }
    return this.#pool.agent;
  }

  async #currentCredentials(): Promise<Credentials> {
    if (this.#credentials !== undefined && performance.now() - this.#credentials.readAtMs < credentialsMs) {
      return this.#credentials;
    }
    const https: HttpsOptions = {};
    await this.#config.applyToHTTPSOptions(https);
    const headers = Object.entries((https.headers ?? {}) as Record<string, unknown>);
    // A user with a password comes as "name:password", as node:https wants it.
    const basic =
      typeof https.auth === "string" ? { authorization: `Basic ${Buffer.from(https.auth).toString("base64")}` } : {};
    const names = ["ca", "cert", "key", "pfx", "passphrase", "rejectUnauthorized", "servername"] as const;
    const tls = Object.fromEntries(
      names.filter((name) => https[name] !== undefined).map((name) => [name, https[name]]),
    );
    const tlsKey = JSON.stringify(tls, (_name, value: unknown) =>
      Buffer.isBuffer(value) ? value.toString("base64") : value,
    );
    this.#credentials = {
      headers: { ...basic, ...Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), String(value)])) },
      tls,
      tlsKey,
      readAtMs: performance.now(),
    };
    return this.#credentials;
  }
}

const verbs = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" } as const;

/** Verb and resource as the API server's own metrics and audit log name them; names of objects are left out. */
function describe(verb: Verb, path: string, query: URLSearchParams): Pick<Call, "verb" | "resource"> {
  const [, ...rest] =
    /^\/api(?:s\/[^/]+)?\/[^/]+(?:\/namespaces\/[^/]+)?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?/.exec(path) ?? [];
  const [resource = "other", name, subresource] = rest;
  const full = subresource === undefined ? resource : `${resource}/${subresource}`;
  if (verb !== "GET") return { verb: verbs[verb], resource: full };
  if (name !== undefined) return { verb: "get", resource: full };
  return { verb: query.get("watch") === "true" ? "watch" : "list", resource: full };
}

function connecting(tls: Credentials["tls"]): Agent.Options {
  return { connect: { ...tls, keepAlive: true, keepAliveInitialDelay: 30_000 }, allowH2: false };
}

async function textOf(body: Dispatcher.ResponseData["body"], what: string): Promise<string> {
  return body.text().catch((cause: unknown) => {
    throw new ClusterError(`${what}: the answer broke off`, { cause });
  });
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The cause is left out: it quotes the text, which may be a prompt.
    throw new ClusterError(`${what}: the answer is not JSON`);
  }
}

/** A Status may quote the object that it refuses, prompt and all. */
const maxMessageLength = 1_000;

interface StatusObject {
  readonly message?: string;
  readonly reason?: string;
}

function errorOf(
  what: string,
  { statusCode, headers, text: body }: { statusCode: number; headers: IncomingHttpHeaders; text: string },
): Error {
  const { message = STATUS_CODES[statusCode] ?? "", reason = "" } = statusOf(body);
  const said = message.slice(0, maxMessageLength);
  const text = `${what}: ${statusCode} ${said}`;
  if (statusCode === 403 && /because it is being terminated/.test(message)) {
    return new NamespaceTerminatingError(text);
  }
  if (statusCode === 409 && reason !== "AlreadyExists") return new ConflictError(text);
  // A failed JSON `test` says 422 and nothing more, a pod that is being deleted takes no finalizer: somebody was faster.
  if (
    statusCode === 422 &&
    /the server rejected our request|testing value|test operation|no new finalizers/i.test(message)
  )
    return new ConflictError(text);
  if (statusCode === 410) return new ExpiredError(text);
  if (statusCode === 500 && /failed calling webhook/.test(message)) {
    return new RefusedError(text, { code: statusCode, reason, said });
  }
  if (statusCode === 429 || statusCode >= 500) {
    const seconds = Number(headers["retry-after"]);
    return new ClusterError(text, seconds > 0 ? { retryAfterMs: seconds * 1000 } : {});
  }
  return new RefusedError(text, { code: statusCode, reason, said });
}

function statusOf(body: string): StatusObject {
  try {
    return JSON.parse(body) as StatusObject;
  } catch {
    return {};
  }
}
