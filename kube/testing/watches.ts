/** The open watches of the test's API server. */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { ApiRequest } from "./api-request.ts";
import type { Change } from "./object-store.ts";
import { isSelected } from "./selectors.ts";

interface Watch {
  readonly response: ServerResponse;
  readonly request: ApiRequest;
  /** Bytes until the watch breaks off. */
  left: number;
}

export class Watches {
  readonly #open = new Set<Watch>();

  get size(): number {
    return this.#open.size;
  }

  get sockets(): ReadonlySet<Socket | null> {
    return new Set([...this.#open].map(({ response }) => response.socket));
  }

  /** Opens a watch that begins with the missed changes, and breaks off after this many bytes of events. */
  open(watch: Watch, missed: readonly Change[]): void {
    const { response } = watch;
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
    this.#open.add(watch);
    response.on("close", () => this.#open.delete(watch));
    for (const change of missed) this.#send(watch, change);
  }

  /** Sends a change to the watches that select its object. */
  publish(change: Change): void {
    for (const watch of [...this.#open]) this.#send(watch, change);
  }

  /** Writes raw bytes into all watches of a resource. */
  write(resource: string, bytes: string | Uint8Array): void {
    for (const { request, response } of this.#open) if (request.target.resource === resource) response.write(bytes);
  }

  /** Ends every watch: normally, with a TCP reset, or half-open (the server sends no more). */
  end(how: "end" | "reset" | "silence"): void {
    for (const { response } of this.#open) {
      if (how === "end") response.end();
      if (how === "reset") response.socket?.resetAndDestroy();
    }
    this.#open.clear();
  }

  #send(watch: Watch, { type, resource, object }: Change): void {
    const { request, response } = watch;
    const { target, query } = request;
    if (!this.#open.has(watch) || resource !== target.resource || !isSelected(object, query)) return;
    if (target.namespace !== undefined && object.metadata.namespace !== target.namespace) return;
    const line = Buffer.from(`${JSON.stringify({ type, object })}\n`);
    if (line.length < watch.left) {
      watch.left -= line.length;
      response.write(line);
      return;
    }
    this.#open.delete(watch);
    response.write(line.subarray(0, watch.left));
    setImmediate(() => response.socket?.resetAndDestroy());
  }
}
