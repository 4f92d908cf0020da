/**
 * Requests to the API server over node:https, with the credentials of client-node's KubeConfig (in-cluster tokens are
 * read again as they rotate). Whatever may pass by itself is tried again here: nobody above has to.
 */
import { once } from "node:events";
import http, { type ClientRequest, type IncomingMessage } from "node:http";
import https, { type RequestOptions as HttpsOptions } from "node:https";
import { setTimeout as wait } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import { ApiError, errorOf, words } from "./api-error.ts";

export type Verb = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

/** One request: what it asks for beside verb and path. */
export interface Asked {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Default for PATCH: a merge patch. */
  readonly contentType?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A stream that is open: chunks as they come, until the server ends it or close() is called. */
export interface OpenStream {
  readonly chunks: AsyncIterable<Buffer>;
  close(): void;
}

const firstDelayMs = 100;
const maxDelayMs = 5_000;

/** The one way to the API server. */
export class Connection {
  readonly #config: KubeConfig;
  readonly #userAgent: string;
  readonly #agents: { readonly http: http.Agent; readonly https: https.Agent };
  /** Requests sent so far, streams included. */
  requests = 0;
  /** The longest wait for an answer, or for its head if it is a stream; a request can ask for another. */
  timeoutMs = 30_000;
  /** How often a request is tried before its error is the answer. */
  attempts = 6;

  constructor(config: KubeConfig, userAgent: string) {
    this.#config = config;
    this.#userAgent = userAgent;
    this.#agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) };
  }

  /**
   * The kubeconfig at `path`, or what client-node finds by itself: KUBECONFIG, ~/.kube/config, the pod's account. With a
   * context other than its current one if that is named. Throws if the file can't be read or has no such context.
   */
  static fromKubeconfig(path: string | undefined, userAgent: string, context?: string): Connection {
    const config = new KubeConfig();
    if (path === undefined) config.loadFromDefault();
    else config.loadFromFile(path);
    if (context !== undefined) useContext(config, context);
    return new Connection(config, userAgent);
  }

  /** Namespace of the current context or of the pod's service account; undefined if neither names one. */
  get namespace(): string | undefined {
    return this.#config.getContextObject(this.#config.getCurrentContext())?.namespace;
  }

  /** Names of the contexts in the kubeconfig. */
  get contexts(): string[] {
    return this.#config.getContexts().map(({ name }) => name);
  }

  get server(): string {
    return this.#config.getCurrentCluster()?.server ?? "";
  }

  /** One request and its JSON answer; tried again while the error is one that passes. Throws ApiError. */
  async request(verb: Verb, path: string, asked: Asked = {}): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(verb, path, asked);
      } catch (error) {
        if (!(error instanceof ApiError) || !error.isTransient || attempt >= this.attempts) throw error;
        if (asked.signal?.aborted === true) throw error;
        await wait(delayMs(attempt, error.retryAfterMs), undefined, abortable(asked.signal)).catch(() => undefined);
      }
    }
  }

  /** One request, tried once. */
  async once(verb: Verb, path: string, asked: Asked = {}): Promise<unknown> {
    const what = `${verb} ${path}`;
    const { answer, request } = await this.#send(verb, path, asked);
    const timer = setTimeout(
      () => request.destroy(new Error("the answer took too long")),
      asked.timeoutMs ?? this.timeoutMs,
    );
    try {
      const text = await textOf(answer, what);
      if (isSuccess(answer)) return parseJson(text, what);
      throw errorOf(what, answer, text);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Opens a watch or a log; the caller reads it and closes it. Only the answer's head has a deadline: what follows may be
   * silent for as long as it likes. Throws ApiError, the chunks too.
   */
  async open(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<OpenStream> {
    const what = `GET ${path}`;
    const { answer } = await this.#send("GET", path, { query, signal });
    if (!isSuccess(answer)) throw errorOf(what, answer, await textOf(answer, what));
    return { chunks: chunksOf(answer, what), close: () => answer.destroy() };
  }

  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  /** Sends a request and waits for the answer's head. The signal breaks off both the request and its answer. */
  async #send(
    verb: Verb,
    path: string,
    asked: Asked,
  ): Promise<{ readonly answer: IncomingMessage; readonly request: ClientRequest }> {
    this.requests += 1;
    try {
      const request = await this.#request(verb, path, asked);
      const breakOff = (): void => void request.destroy(new Error("it was broken off"));
      const timer = setTimeout(
        () => request.destroy(new Error("no answer in time")),
        asked.timeoutMs ?? this.timeoutMs,
      );
      // By hand and not by AbortSignal.any: a request must not hang because a signal was collected as garbage.
      asked.signal?.addEventListener("abort", breakOff);
      request.on("close", () => asked.signal?.removeEventListener("abort", breakOff));
      if (asked.signal?.aborted === true) breakOff();
      try {
        const [answer] = (await once(request, "response")) as [IncomingMessage];
        // An error after the answer's head is told by its body: nobody listens here any more.
        request.on("error", () => undefined);
        return { answer, request };
      } finally {
        clearTimeout(timer);
      }
    } catch (cause) {
      throw new ApiError(`${verb} ${path}: no answer from the API server at ${this.server} (${words(cause)})`, {
        code: 0,
        cause,
      });
    }
  }

  async #request(verb: Verb, path: string, asked: Asked): Promise<ClientRequest> {
    const url = new URL(this.server.replace(/\/$/, "") + path);
    for (const [name, value] of Object.entries(asked.query ?? {})) url.searchParams.set(name, value);
    const options: HttpsOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const isTls = url.protocol === "https:";
    const body = asked.body === undefined ? undefined : JSON.stringify(asked.body);
    const request = (isTls ? https.request : http.request)(url, {
      ...options,
      method: verb,
      agent: isTls ? this.#agents.https : this.#agents.http,
      headers: {
        ...(options.headers as Record<string, string> | undefined),
        accept: "application/json",
        "user-agent": this.#userAgent,
        ...(body === undefined ? {} : { "content-type": contentTypeOf(verb, asked) }),
      },
    });
    // A socket whose other end is gone would be waited for without end.
    request.setSocketKeepAlive(true, 30_000);
    request.end(body);
    return request;
  }
}

function useContext(config: KubeConfig, context: string): void {
  if (config.getContextObject(context) === null) {
    const names = config.getContexts().map(({ name }) => name);
    throw new Error(`it has no context ${context}; it has ${names.join(", ") || "none at all"}`);
  }
  config.setCurrentContext(context);
}

function contentTypeOf(verb: Verb, { contentType }: Asked): string {
  return contentType ?? (verb === "PATCH" ? "application/merge-patch+json" : "application/json");
}

function isSuccess({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300;
}

function delayMs(attempt: number, retryAfterMs: number): number {
  const capMs = Math.min(maxDelayMs, firstDelayMs * 2 ** (attempt - 1));
  return Math.max(capMs / 2 + (Math.random() * capMs) / 2, Math.min(retryAfterMs, maxDelayMs));
}

function abortable(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

async function* chunksOf(answer: IncomingMessage, what: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of answer) yield chunk as Buffer;
  } catch (cause) {
    throw new ApiError(`${what}: the stream broke off (${words(cause)})`, { code: 0, cause });
  }
}

async function textOf(answer: IncomingMessage, what: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of chunksOf(answer, what)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The cause is left out: it quotes the text, which may be a prompt.
    throw new ApiError(`${what}: the answer is not JSON: is this the address of a Kubernetes API server?`, { code: 0 });
  }
}
