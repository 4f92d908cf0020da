/** Requests of the operator: answers as domain errors, calls counted, the API server's clock and outages observed. */
import { HttpClient, type HttpAccess } from "../../kube/http-client.ts";
import { HttpError, type HttpHead, type HttpMethod } from "../../kube/http.ts";
import { metadataList } from "../../kube/list-pages.ts";
import type { OpenStream } from "../../kube/watch.ts";
import { AnswerTooLargeError, ClusterError } from "../errors.ts";
import { errorOf } from "./answer-errors.ts";
import { describeCall, type Call } from "./calls.ts";
import { Outages } from "./outages.ts";
import { ServerClock } from "./server-clock.ts";

export type PatchType =
  "application/json-patch+json" | "application/strategic-merge-patch+json" | "application/merge-patch+json";

export interface RequestOptions {
  /** ignored: a success is discarded. text: not JSON. metadata: only the metadata of each object of a list. */
  readonly answer?: "ignored" | "text" | "metadata";
  /** A larger answer fails with AnswerTooLargeError. Default: maxAnswerBytes. */
  readonly maxBytes?: number;
  /** Called with the size of a success. */
  readonly onSize?: (bytes: number) => void;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly patchType?: PatchType;
  /** Until the last byte of the answer. Default: 30 seconds. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface TransportOptions {
  readonly userAgent: string;
  /** Connections for requests; each watch has its own. Default: 32. */
  readonly connections?: number;
  readonly onCall?: (call: Call) => void;
}

/** etcd stores at most 1.5 MB for an object, and its JSON can be larger. Parsing needs six times as much memory. */
export const maxAnswerBytes = 3 * 2 ** 20;

const headersTimeoutMs = 60_000;

export class Transport {
  readonly #http: HttpClient;
  readonly #onCall: (call: Call) => void;
  /** When the API server was away. */
  readonly outages = new Outages();
  readonly #clock = new ServerClock();

  constructor(access: HttpAccess, { userAgent, connections = 32, onCall = () => undefined }: TransportOptions) {
    this.#http = new HttpClient(access, { userAgent, maxConnections: connections });
    this.#onCall = onCall;
  }

  /** Milliseconds since the epoch by the API server's clock, which wrote every timestamp that is compared. */
  now = (): number => this.#clock.now();

  /**
   * One request and its answer, as parsed JSON unless asked otherwise; undefined for 404. Throws ConflictError,
   * RejectedError, ExpiredError, NamespaceTerminatingError or ClusterError.
   */
  async request(method: HttpMethod, path: string, options: RequestOptions = {}): Promise<unknown> {
    const what = `${method} ${path}`;
    const { answer: wanted, patchType, timeoutMs = 30_000, maxBytes = maxAnswerBytes, ...rest } = options;
    const answer = await this.#counted(describeCall(method, path, false), what, (onHeaders) =>
      this.#http.send(method, path, {
        ...rest,
        timeoutMs,
        maxBytes,
        onHeaders,
        discardBody: wanted === "ignored",
        ...(patchType === undefined ? {} : { contentType: patchType }),
        ...(wanted === "metadata" ? { accept: metadataList } : {}),
      }),
    );
    if (answer.statusCode === 404) return undefined;
    if (answer.statusCode >= 300) throw errorOf(what, answer);
    options.onSize?.(answer.bytes);
    if (wanted === "ignored") return undefined;
    return wanted === "text" ? answer.text : parseJson(answer.text, what);
  }

  /** Opens a watch on a connection of its own; the caller reads the chunks and closes it. Throws like request. */
  async open(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<OpenStream> {
    const isWatch = query["watch"] === "true";
    const stream = await this.#counted(describeCall("GET", path, isWatch), `GET ${path}`, (onHeaders) =>
      this.#http.open(path, { query, signal, headersTimeoutMs, onHeaders }),
    );
    if (stream.statusCode === 200) return { chunks: stream.chunks, close: stream.close };
    try {
      throw errorOf(`watch ${path}`, { ...stream, text: await textOf(stream.chunks) });
    } finally {
      stream.close();
    }
  }

  close(): void {
    this.#http.close();
  }

  /** Reports each answer, and a request without one; turns HttpError into a ClusterError. */
  async #counted<T>(
    call: Pick<Call, "verb" | "resource">,
    what: string,
    send: (onHeaders: (head: HttpHead) => void) => Promise<T>,
  ): Promise<T> {
    let startedMs = performance.now();
    const report = (code: string): void => {
      const nowMs = performance.now();
      const seconds = (nowMs - startedMs) / 1000;
      startedMs = nowMs;
      this.outages.take({ ...call, code, seconds });
      this.#onCall({ ...call, code, seconds });
    };
    try {
      return await send(({ statusCode, headers }) => {
        report(String(statusCode));
        this.#clock.learn(headers.date);
      });
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      if (error.stage === "no answer" || error.stage === "no credentials") report("none");
      throw clusterError(what, error);
    }
  }
}

function clusterError(what: string, error: HttpError): ClusterError {
  if (error.stage === "too large") return new AnswerTooLargeError(`${what}: ${error.message}`, { cause: error });
  const messages = {
    "no credentials": "no credentials",
    "no answer": "no answer from the API server",
    broken: "the answer broke off",
  };
  return new ClusterError(`${what}: ${messages[error.stage]}`, { cause: error.cause });
}

/** The first part of an error's body; one that breaks off is told by its status alone. */
async function textOf(chunks: AsyncIterable<Buffer>): Promise<string> {
  const read: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > maxAnswerBytes) break;
      read.push(chunk);
    }
  } catch {
    // The status is known, and says enough.
  }
  return Buffer.concat(read).toString();
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The cause is left out: it quotes the text, which may be a prompt.
    throw new ClusterError(`${what}: the answer is not JSON`);
  }
}
