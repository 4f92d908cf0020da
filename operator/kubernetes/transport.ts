/**
 * Requests to the API server: one HTTP/1.1 pool for all of them and one connection per watch, credentials by
 * client-node's KubeConfig (in-cluster tokens are re-read as they rotate). What is no success is thrown as an error of ours.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { KubeConfig } from "@kubernetes/client-node";
import { Agent, type Dispatcher } from "undici";
import { ClusterError } from "../errors.ts";
import { errorOf } from "./answer-errors.ts";
import { describeCall, type Call, type Verb } from "./calls.ts";
import { CredentialSource, type Credentials } from "./credentials.ts";
import { exchange, type Answer, type Question } from "./exchange.ts";

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

/** A call whose answer has not begun. */
type Begun = Pick<Call, "verb" | "resource"> & { readonly beganMs: number };

export class Transport {
  readonly #config: KubeConfig;
  readonly #userAgent: string;
  readonly #connections: number;
  readonly #credentials: CredentialSource;
  readonly #onCall: (call: Call) => void;
  #server: { readonly url: string; readonly origin: string; readonly basePath: string } | undefined;
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
    const what = `${verb} ${path}`;
    const answer = await this.#asked(verb, path, options);
    if (answer.statusCode === 404) return undefined;
    if (answer.statusCode >= 300) throw errorOf(what, answer);
    if (options.answer === "ignored") return undefined;
    return options.answer === "text" ? answer.text : parseJson(answer.text, what);
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
      const { statusCode, headers, body } = await this.#opened(path, query, signal, ({ tls }) => {
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

  async #asked(verb: Verb, path: string, options: RequestOptions): Promise<Answer> {
    const call = this.#begin(verb, path, false);
    const progress = { headHere: false };
    try {
      const credentials = await this.#credentials.current();
      return await exchange(this.#shared(credentials), this.#question(verb, path, options, credentials), {
        timeoutMs: options.timeoutMs ?? 30_000,
        signal: options.signal,
        dropText: options.answer === "ignored",
        onHead: ({ statusCode, headers }) => {
          progress.headHere = true;
          this.#heard(call, statusCode, headers);
        },
      });
    } catch (cause) {
      const what = `${verb} ${path}`;
      if (progress.headHere) throw new ClusterError(`${what}: the answer broke off`, { cause });
      throw this.#unheard(call, what, cause);
    }
  }

  async #opened(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
    agentFor: (credentials: Credentials) => Agent,
  ): Promise<Dispatcher.ResponseData> {
    const call = this.#begin("GET", path, query["watch"] === "true");
    try {
      const credentials = await this.#credentials.current();
      const question = this.#question("GET", path, { query }, credentials);
      const response = await agentFor(credentials).request({ ...question, signal });
      this.#heard(call, response.statusCode, response.headers);
      return response;
    } catch (cause) {
      throw this.#unheard(call, `GET ${path}`, cause);
    }
  }

  #question(verb: Verb, path: string, { query, body, patchType }: RequestOptions, credentials: Credentials): Question {
    const server = this.#readServer();
    return {
      origin: server.origin,
      path: server.basePath + path + searchOf(query),
      method: verb,
      headers: {
        ...credentials.headers,
        accept: "application/json",
        "user-agent": this.#userAgent,
        ...(body === undefined ? {} : { "content-type": patchType ?? "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
  }

  /** Where the API server is; one behind a proxy has a path of its own. */
  #readServer(): { readonly origin: string; readonly basePath: string } {
    const url = this.#config.getCurrentCluster()?.server ?? "";
    if (this.#server?.url !== url) {
      const { origin, pathname } = new URL(url);
      this.#server = { url, origin, basePath: pathname.replace(/\/+$/, "") };
    }
    return this.#server;
  }

  #begin(verb: Verb, path: string, isWatch: boolean): Begun {
    return { ...describeCall(verb, path, isWatch), beganMs: performance.now() };
  }

  #heard(call: Begun, statusCode: number, headers: IncomingHttpHeaders): void {
    this.#tell(call, String(statusCode));
    this.#learnClock(headers.date);
    if (statusCode === 401) this.#credentials.forget();
  }

  #unheard(call: Begun, what: string, cause: unknown): ClusterError {
    this.#tell(call, "none");
    return new ClusterError(`${what}: no answer from the API server`, { cause });
  }

  #tell({ verb, resource, beganMs }: Begun, code: string): void {
    this.#onCall({ verb, resource, code, seconds: (performance.now() - beganMs) / 1000 });
  }

  /** A Date header is cut to the second: a difference of under two is none. */
  #learnClock(date: string | undefined): void {
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

/** With its question mark; empty if nothing is asked. */
function searchOf(query: RequestOptions["query"] = {}): string {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) asked.set(name, String(value));
  return asked.size === 0 ? "" : `?${asked.toString()}`;
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
