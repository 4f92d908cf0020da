/** Responses of the test's API server, and the faults that can replace them. */
import type { ServerResponse } from "node:http";

/** A fault of one request. */
export type ApiFault =
  /** The connection is reset; `done` says whether the server had executed the request. */
  | { readonly kind: "reset"; readonly done: boolean }
  | { readonly kind: "reject"; readonly code: number; readonly retryAfterSeconds?: number }
  /** The server executes the request, and responds 200 with this body. */
  | { readonly kind: "answer"; readonly body: string }
  /** The response arrives in two pieces, cut here. */
  | { readonly kind: "slow"; readonly afterBytes: number }
  /** No response until `heal`. */
  | { readonly kind: "hang" }
  /** The response breaks off after this many bytes; a watch after this many bytes of its events. */
  | { readonly kind: "cut"; readonly afterBytes: number };

/** A response in one piece. */
export interface ApiResponse {
  readonly code: number;
  readonly body: unknown;
}

/** Returns the response to a failed request: a Status of Kubernetes. */
export function failure(code: number, reason: string, message = reason): ApiResponse {
  return { code, body: { kind: "Status", status: "Failure", code, message, reason } };
}

/** Sends a response in one piece. */
export function sendJson(
  response: ServerResponse,
  code: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(code, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** Sends a response slowly, or breaks it off. */
export function sendInPieces(response: ServerResponse, { code, body }: ApiResponse, fault: ApiFault): void {
  const bytes = Buffer.from(JSON.stringify(body));
  const at = "afterBytes" in fault ? Math.min(fault.afterBytes, bytes.length - 1) : 0;
  response.writeHead(code, { "content-type": "application/json", "content-length": String(bytes.length) });
  response.write(bytes.subarray(0, at));
  setImmediate(() => {
    if (fault.kind === "cut") response.socket?.resetAndDestroy();
    else response.end(bytes.subarray(at));
  });
}
