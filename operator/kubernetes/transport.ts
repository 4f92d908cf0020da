/**
 * Requests to the API server: one HTTP/1.1 pool for all of them and one connection per watch, credentials by
 * client-node's KubeConfig (in-cluster tokens are re-read as they rotate). What is no success is thrown as an error of ours.
 */
import type { KubeConfig } from "@kubernetes/client-node";
import { Agent, type Dispatcher } from "undici";
import { ClusterError } from "../errors.ts";
import { errorOf } from "./answer-errors.ts";
import { describeCall, type Call, type Verb } from "./calls.ts";
import { CredentialSource, type Credentials } from "./credentials.ts";

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

export class Transport {
  readonly #config: KubeConfig;
  readonly #userAgent: string;
  readonly #connections: number;
  readonly #credentials: CredentialSource;
  readonly #onCall: (call: Call) => void;
  #pool: { readonly tlsKey: string; readonly agent: Agent } | undefined;
  /** The API server's clock minus ours, from its Date headers (whole seconds). */
  #skewMs = 0;

  constructor(
    config: KubeConfig,
    options: { readonly userAgent: string; readonly connections?: number; readonly onCall?: (call: Call) => void },
  ) {
    this.#config = config;
    this.#credentials = new CredentialSource(config);
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
    this.#credentials.forget();
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
      this.#onCall({
        ...describeCall(verb, pathname, searchParams),
        code,
        seconds: (performance.now() - beganMs) / 1000,
      });
    };
    try {
      const credentials = await this.#credentials.current();
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
      if (response.statusCode === 401) this.#credentials.forget();
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
