/** What the test's API server answers, and what can befall a request instead. */
import type { ServerResponse } from "node:http";

/** What befalls a request. */
export type ApiFault =
  /** The connection is reset; `done` says whether the server had done what was asked. */
  | { readonly kind: "reset"; readonly done: boolean }
  | { readonly kind: "refuse"; readonly code: number; readonly retryAfterSeconds?: number }
  /** The answer comes in two pieces, cut here. */
  | { readonly kind: "slow"; readonly afterBytes: number }
  /** No answer, until the server is healed. */
  | { readonly kind: "hang" }
  /** The answer breaks off after so many bytes. A watch: after so many bytes of its events. */
  | { readonly kind: "cut"; readonly afterBytes: number };

/** A Status as Kubernetes says no. */
export function failure(code: number, message: string): object {
  return { kind: "Status", status: "Failure", code, message, reason: message };
}

/** An answer in one piece. */
export function say(response: ServerResponse, code: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(code, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** An answer that comes slowly, or breaks off. */
export function sayInPieces(response: ServerResponse, code: number, text: string, fault: ApiFault): void {
  const bytes = Buffer.from(text);
  const at = "afterBytes" in fault ? Math.min(fault.afterBytes, bytes.length - 1) : 0;
  response.writeHead(code, { "content-type": "application/json", "content-length": String(bytes.length) });
  response.write(bytes.subarray(0, at));
  setImmediate(() => {
    if (fault.kind === "cut") response.socket?.resetAndDestroy();
    else response.end(bytes.subarray(at));
  });
}
