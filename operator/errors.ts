/** What can go wrong with a request, in the words the loop acts on. */

/** Somebody else changed the object since we saw it: look again; nothing to report. */
export class ConflictError extends Error {
  override readonly name = "ConflictError";
}

/** The API server said no (4xx), or an admission webhook that it has to ask did not answer. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  /** The server's HTTP status code. */
  readonly code: number;
  /** The reason word of the server's Status object ("Forbidden", "Invalid", …). */
  readonly reason: string;
  /** The server's own words, without the request: what a user is shown. */
  readonly said: string;

  constructor(message: string, options: ErrorOptions & { code: number; reason: string; said?: string }) {
    super(message, options);
    this.code = options.code;
    this.reason = options.reason;
    this.said = options.said ?? message;
  }
}

/** The request may succeed later: 429, 5xx, a broken connection. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
  /** From Retry-After, if the server sent one. */
  readonly retryAfterMs?: number;

  constructor(message: string, options: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(message, options);
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}

/** What was asked for is too old to be served (410): list from the start. */
export class ExpiredError extends Error {
  override readonly name = "ExpiredError";
}

/** The namespace is being deleted: nothing can be made in it, and soon nothing needs to be. */
export class NamespaceTerminatingError extends Error {
  override readonly name = "NamespaceTerminatingError";
}

/** The stored spec does not parse: it was written past the schema, or by a newer version. */
export class InvalidSpecError extends Error {
  override readonly name = "InvalidSpecError";
}
