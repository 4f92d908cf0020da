/** Errors of requests to the API server, grouped by the next step of the operator. */

/** Another writer changed the object since it was observed: reconcile again, report nothing. */
export class ConflictError extends Error {
  override readonly name = "ConflictError";
}

/** The API server rejected the request (4xx), or a required admission webhook did not answer. */
export class RejectedError extends Error {
  override readonly name = "RejectedError";
  /** The server's HTTP status code. */
  readonly code: number;
  /** The `reason` of the server's Status object ("Forbidden", "Invalid", …). */
  readonly reason: string;
  /** The server's message for users, without the request. */
  readonly serverMessage: string;

  constructor(message: string, options: ErrorOptions & { code: number; reason: string; serverMessage?: string }) {
    super(message, options);
    this.code = options.code;
    this.reason = options.reason;
    this.serverMessage = options.serverMessage ?? message;
  }
}

/** The request may succeed later: 429, 5xx, a broken connection. */
export class ClusterError extends Error {
  override readonly name: string = "ClusterError";
  /** From Retry-After, if the server sent one. */
  readonly retryAfterMs?: number;

  constructor(message: string, options: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(message, options);
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}

/** The response is larger than the limit: the caller can ask for less. */
export class AnswerTooLargeError extends ClusterError {
  override readonly name: string = "AnswerTooLargeError";
}

/** The requested version is too old to be served (410): list from the start. */
export class ExpiredError extends Error {
  override readonly name = "ExpiredError";
  /** HTTP status. */
  readonly code = 410;
}

/** The namespace is being deleted: the API server creates nothing in it. */
export class NamespaceTerminatingError extends Error {
  override readonly name = "NamespaceTerminatingError";
}

/** The pod requires another run ConfigMap than this operator creates: another version created its Job. */
export class OutdatedPodError extends Error {
  override readonly name = "OutdatedPodError";
}

/** The stored spec does not parse: it was written without the schema, or by a newer version. */
export class InvalidSpecError extends Error {
  override readonly name = "InvalidSpecError";
}
