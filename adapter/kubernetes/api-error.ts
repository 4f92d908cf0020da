/** What goes wrong between the adapter and the API server, and how it is said. */
import type { IncomingMessage } from "node:http";

/** A Status may quote the object that it refuses, prompt and all. */
const maxMessageLength = 1_000;

/** The API server said no, or said nothing (`code` 0). */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** HTTP status; 0 if there was no answer. */
  readonly code: number;
  /** Kubernetes' word for it, such as AlreadyExists; empty if there is none. */
  readonly reason: string;
  readonly retryAfterMs: number;

  constructor(message: string, options: { code: number; reason?: string; retryAfterMs?: number; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = options.code;
    this.reason = options.reason ?? "";
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }

  /** True if the same request may well succeed a moment later. */
  get isTransient(): boolean {
    // 410: what we ask for one by one does not expire; it is said in passing, by a server that comes up.
    return this.code === 0 || this.code === 410 || this.code === 429 || this.code >= 500;
  }
}

/** The error that an answer is: a Status, if it has one, else its text. */
export function errorOf(what: string, { statusCode = 0, headers }: IncomingMessage, text: string): ApiError {
  const { message = text, reason = "" } = statusOf(text);
  const retryAfterMs = Number(headers["retry-after"] ?? 0) * 1_000;
  return new ApiError(`${what}: ${statusCode} ${message.slice(0, maxMessageLength)}`, {
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

/** What an error says in one line; node's socket errors often have a code and no message. */
export function words(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return error.message || code || error.name;
}
