/**
 * Requests to the API server, with the credentials of a kubeconfig or of the pod's ServiceAccount. Transient errors are
 * retried here, so that callers need not.
 */
import { setTimeout as wait } from "node:timers/promises";
import { loadAccess, type ClusterAccess, type LoadOptions } from "./access.ts";
import { ApiError, apiErrorFrom, errorMessage } from "./api-error.ts";
import { backoffMs } from "./backoff.ts";
import { CredentialsError } from "./errors.ts";
import { HttpClient } from "./http-client.ts";
import type { OpenStream } from "./watch.ts";
import { HttpError, type HttpHead, type HttpMethod, type HttpStream } from "./http.ts";

export type { HttpMethod, OpenStream };

/** Options of a connection: the defaults of its requests. */
export interface ConnectionOptions {
  /** Name of the program in the API server's audit log. */
  readonly userAgent: string;
  /** Timeout of a response, or of its headers for a stream. Default: 30 s. */
  readonly timeoutMs?: number;
  /** Maximum number of tries per request. Default: 6. */
  readonly attempts?: number;
  /** False: a credentials error is thrown at once, for interactive use. Default: true. */
  readonly retriesCredentials?: boolean;
}

/** Options of a request. */
export interface RequestOptions {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Default for PATCH: a merge patch. */
  readonly contentType?: string;
  /** Default: application/json. */
  readonly accept?: string;
  /** Called with the size of a successful response in bytes. */
  readonly onSize?: (bytes: number) => void;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Limit of one response: objects have at most 1.5 MB, and lists are read in pages. */
const maxResponseBytes = 64 * 1_048_576;
const backoff = { baseMs: 100, maxMs: 5_000 };

/** Client of the API server. */
export class Connection {
  readonly #access: ClusterAccess;
  readonly #http: HttpClient;
  readonly #timeoutMs: number;
  readonly #attempts: number;
  readonly #retriesCredentials: boolean;

  constructor(
    access: ClusterAccess,
    { userAgent, timeoutMs = 30_000, attempts = 6, retriesCredentials = true }: ConnectionOptions,
  ) {
    this.#access = access;
    this.#http = new HttpClient(access, { userAgent });
    this.#timeoutMs = timeoutMs;
    this.#attempts = attempts;
    this.#retriesCredentials = retriesCredentials;
  }

  /** Returns a connection by the same kubeconfig and flags as kubectl. Throws KubeconfigError or CredentialsError. */
  static load(access: LoadOptions, options: ConnectionOptions): Connection {
    return new Connection(loadAccess(access), options);
  }

  /** Namespace of the current context or of the pod's ServiceAccount; undefined if neither names one. */
  get namespace(): string | undefined {
    return this.#access.namespace;
  }

  /** Names of the contexts in the kubeconfig. */
  get contexts(): readonly string[] {
    return this.#access.contexts;
  }

  get server(): string {
    return this.#access.server;
  }

  /** Sends a request and returns its JSON response; retries transient errors. Throws ApiError. */
  async request(method: HttpMethod, path: string, options: RequestOptions = {}): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(method, path, options);
      } catch (error) {
        if (!(error instanceof ApiError) || !error.isTransient || attempt >= this.#attempts) throw error;
        if (options.signal?.aborted === true) throw error;
        if (!this.#retriesCredentials && error.cause instanceof CredentialsError) throw error;
        const delayMs = Math.max(backoffMs(attempt, backoff), Math.min(error.retryAfterMs, backoff.maxMs));
        await wait(delayMs, undefined, abortable(options.signal)).catch(() => undefined);
      }
    }
  }

  /** Sends a request without retries. Throws ApiError. */
  async once(method: HttpMethod, path: string, options: RequestOptions = {}): Promise<unknown> {
    const operation = `${method} ${path}`;
    const { contentType = contentTypeOf(method), timeoutMs = this.#timeoutMs, onSize, ...rest } = options;
    const request = { ...rest, contentType, timeoutMs, maxBytes: maxResponseBytes };
    const answer = await this.#http.send(method, path, request).catch((error: unknown) => {
      throw this.#apiError(operation, error);
    });
    if (!isSuccess(answer)) throw apiErrorFrom(operation, answer, answer.text);
    onSize?.(answer.bytes);
    return parseJson(answer.text, operation);
  }

  /**
   * Opens a watch or a log; the caller reads and closes it. Only the response headers have a timeout; the stream
   * itself may be silent. The promise and the chunks reject with ApiError.
   */
  async open(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<OpenStream> {
    const operation = `GET ${path}`;
    const stream = await this.#http
      .open(path, { query, signal, headersTimeoutMs: this.#timeoutMs })
      .catch((error: unknown) => {
        throw this.#apiError(operation, error);
      });
    if (!isSuccess(stream)) throw apiErrorFrom(operation, stream, await textOf(stream, operation));
    return { chunks: chunksOf(stream, operation), close: stream.close };
  }

  close(): void {
    this.#http.close();
  }

  #apiError(operation: string, error: unknown): unknown {
    if (!(error instanceof HttpError)) return error;
    const { stage } = error;
    const cause = error.cause ?? error;
    if (stage === "too large") {
      return new ApiError(`${operation}: the response is larger than the limit of ${maxResponseBytes} bytes`, {
        code: 413,
        reason: "AnswerTooLarge",
        cause,
      });
    }
    const messages = {
      "no credentials": "no credentials",
      "no answer": `no answer from the API server at ${this.server}`,
      broken: "the stream was interrupted",
    };
    return new ApiError(`${operation}: ${messages[stage]} (${errorMessage(cause)})`, { code: 0, cause });
  }
}

function contentTypeOf(method: HttpMethod): string {
  return method === "PATCH" ? "application/merge-patch+json" : "application/json";
}

function isSuccess({ statusCode }: HttpHead): boolean {
  return statusCode >= 200 && statusCode < 300;
}

async function* chunksOf({ chunks }: HttpStream, operation: string): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
  } catch (error) {
    const cause = error instanceof HttpError ? error.cause : error;
    throw new ApiError(`${operation}: the stream was interrupted (${errorMessage(cause)})`, { code: 0, cause });
  }
}

/** An error's body, up to the limit. */
async function textOf(stream: HttpStream, operation: string): Promise<string> {
  const read: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(stream, operation)) {
    bytes += chunk.length;
    if (bytes > maxResponseBytes) break;
    read.push(chunk);
  }
  return Buffer.concat(read).toString();
}

function abortable(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

function parseJson(text: string, operation: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No cause: it would quote the text, which may be a prompt.
    throw new ApiError(`${operation}: the response is not JSON: is this the address of a Kubernetes API server?`, {
      code: 0,
    });
  }
}
