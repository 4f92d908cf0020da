/** From the API server's answers that are no success to our own kinds of errors. */
import { STATUS_CODES, type IncomingHttpHeaders } from "node:http";
import { ClusterError, ConflictError, ExpiredError, NamespaceTerminatingError, RejectedError } from "../errors.ts";

/** A Status may quote the object that it refuses, prompt and all. */
const maxMessageLength = 1_000;
const maxRetryAfterMs = 60_000;

interface StatusObject {
  readonly message?: string;
  readonly reason?: string;
}

/** The error that an answer stands for; `what` was asked. */
export function errorOf(
  what: string,
  { statusCode, headers, text: body }: { statusCode: number; headers: IncomingHttpHeaders; text: string },
): Error {
  const { message = STATUS_CODES[statusCode] ?? "", reason = "" } = statusOf(body);
  const said = message.slice(0, maxMessageLength);
  const text = `${what}: ${statusCode} ${said}`;
  if (statusCode === 403 && /because it is being terminated/.test(message)) {
    return new NamespaceTerminatingError(text);
  }
  if (statusCode === 409 && reason !== "AlreadyExists") return new ConflictError(text);
  // A failed JSON `test` says 422 and nothing more, a pod that is being deleted takes no finalizer: somebody was faster.
  if (
    statusCode === 422 &&
    /the server rejected our request|testing value|test operation|no new finalizers/i.test(message)
  )
    return new ConflictError(text);
  if (statusCode === 410) return new ExpiredError(text);
  if (statusCode === 500 && /failed calling webhook/.test(message)) {
    return new RejectedError(text, { code: statusCode, reason, serverMessage: said });
  }
  if (statusCode === 429 || statusCode >= 500) {
    return new ClusterError(text, retryAfter(headers["retry-after"]));
  }
  return new RejectedError(text, { code: statusCode, reason, serverMessage: said });
}

/** Whole seconds, as the API server sends them. What is longer is cut: a server that is back must not find us asleep. */
function retryAfter(header: string | undefined): { retryAfterMs?: number } {
  if (header === undefined || !/^\d+$/.test(header)) return {};
  const retryAfterMs = Math.min(Number(header) * 1000, maxRetryAfterMs);
  return retryAfterMs > 0 ? { retryAfterMs } : {};
}

function statusOf(body: string): StatusObject {
  try {
    return (JSON.parse(body) as StatusObject | null) ?? {};
  } catch {
    return {};
  }
}
