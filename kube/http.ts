/** Requests and answers of HTTP/1.1 as kube/ speaks of them. */
import type { IncomingHttpHeaders } from "node:http";

export type HttpMethod = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

export interface HttpRequest {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Of the body. Default: application/json. */
  readonly contentType?: string;
  /** Default: application/json. */
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
  /** Called once the status and headers of an answer are here, also of a 401 that is followed by another request. */
  readonly onHeaders?: (head: HttpHead) => void;
}

/** A request whose answer is read as a whole. */
export interface WholeRequest extends HttpRequest {
  /** From now to the last byte of the answer; waiting for a free connection counts. */
  readonly timeoutMs: number;
  /** A larger success fails with HttpError "too large"; the rest of a larger error is dropped. */
  readonly maxBytes: number;
  /** The body of a success is not kept. */
  readonly discardBody?: boolean;
}

export interface HttpHead {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
}

export interface HttpResponse extends HttpHead {
  readonly text: string;
  /** Size of the body. */
  readonly bytes: number;
}

export interface HttpStream extends HttpHead {
  /** Throws HttpError "broken" if the connection ends before the answer does. */
  readonly chunks: AsyncIterable<Buffer>;
  readonly close: () => void;
}

/** How far a request came: without credentials it was not sent; after "no answer" it may have taken effect. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly stage: "no credentials" | "no answer" | "broken" | "too large";

  constructor(stage: HttpError["stage"], options: ErrorOptions & { readonly message?: string } = {}) {
    super(options.message ?? stage, options);
    this.stage = stage;
  }
}
