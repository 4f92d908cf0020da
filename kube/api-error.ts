/** Errors of requests to the API server, and their messages. */
import type { HttpHead } from "./http.ts";

/** Bounds the message, because a Status may quote the rejected object with its prompt. */
const maxMessageLength = 1_000;

/** The API server rejected a request, or did not answer (`code` 0). */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** HTTP status; 0 without a response. */
  readonly code: number;
  /** Reason of the Status, such as AlreadyExists; empty if there is none. */
  readonly reason: string;
  readonly retryAfterMs: number;

  constructor(message: string, options: { code: number; reason?: string; retryAfterMs?: number; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = options.code;
    this.reason = options.reason ?? "";
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }

  /** True if the same request may succeed on a retry. */
  get isTransient(): boolean {
    // 410: single objects do not expire; an API server that is starting answers so for a moment.
    return this.code === 0 || this.code === 410 || this.code === 429 || this.code >= 500;
  }
}

/** Returns the error of a response, with the message of its Status or else its text. */
export function apiErrorFrom(operation: string, { statusCode, headers }: HttpHead, text: string): ApiError {
  const { message = text, reason = "" } = statusOf(text);
  const retryAfterMs = Number(headers["retry-after"] ?? 0) * 1_000;
  return new ApiError(`${operation}: ${statusCode} ${message.slice(0, maxMessageLength)}`, {
    code: statusCode,
    reason,
    retryAfterMs: Number.isFinite(retryAfterMs) ? retryAfterMs : 0,
  });
}

function statusOf(text: string): { readonly message?: string; readonly reason?: string } {
  try {
    return (JSON.parse(text) as { message?: string; reason?: string } | null) ?? {};
  } catch {
    return {};
  }
}

/** Returns an error's message in one line; node's socket errors often have a code and no message. */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return error.message || code || error.name;
}

/** Ignores a NotFound error; throws every other error. */
export function ignoreNotFound(error: unknown): void {
  if (!(error instanceof ApiError) || error.code !== 404) throw error;
}
