/** Turns unsuccessful responses of the API server into the operator's errors. */
import { STATUS_CODES, type IncomingHttpHeaders } from "node:http";
import { ClusterError, ConflictError, ExpiredError, NamespaceTerminatingError, RejectedError } from "../errors.ts";

/** Bounds the message, because a Status may quote the rejected object with its prompt. */
const maxMessageLength = 1_000;
const maxRetryAfterMs = 60_000;

interface StatusObject {
  readonly message?: string;
  readonly reason?: string;
}

/** Returns the error of a response; `what` is the request's method and path. */
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
  // Another client wrote first: a failed `test` of a JSON patch, or a finalizer for a pod that is being deleted.
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

/** Reads whole seconds, as the API server sends them. Bounded, so that the operator notices a server that recovers. */
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
