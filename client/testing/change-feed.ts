/** The history of changes since the last compaction, and the watches that receive them. */
import type { ServerResponse } from "node:http";
import { failureStatus, sendJson } from "./responses.ts";
import type { ApiRequest } from "./api-request.ts";

/** Any stored object. */
export type StoredObject = Record<string, unknown> & {
  metadata: Record<string, unknown> & { name: string; resourceVersion: string };
};
/** A watch event. */
export type Change = { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: StoredObject };

interface Watch {
  readonly response: ServerResponse;
  readonly name: string;
  /** Bytes until the watch breaks off. */
  left: number;
}

export class ChangeFeed {
  readonly #history: Change[] = [];
  readonly #watches = new Set<Watch>();
  #oldest = 0;

  /** Ends every open watch, normally or by a reset. */
  end(how: "end" | "reset"): void {
    for (const { response } of this.#watches) {
      if (how === "end") response.end();
      else response.socket?.resetAndDestroy();
    }
    this.#watches.clear();
  }

  /** Drops all changes before this version: a watch from there gets 410. */
  compact(version: number): void {
    this.#oldest = version;
    this.#history.length = 0;
  }

  /** Opens a watch that breaks off after this many bytes of events. */
  open({ query }: ApiRequest, response: ServerResponse, left: number): void {
    const from = Number(query.get("resourceVersion"));
    if (from < this.#oldest) {
      sendJson(response, 410, failureStatus(410, "too old resource version"));
      return;
    }
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
    const name = query.get("fieldSelector")?.replace("metadata.name=", "") ?? "";
    const watch: Watch = { response, name, left };
    this.#watches.add(watch);
    response.on("close", () => this.#watches.delete(watch));
    for (const change of this.#history)
      if (Number(change.object.metadata.resourceVersion) > from) this.#show(watch, change);
  }

  /** Sends a change to the watches of its object. */
  publish(change: Change): void {
    this.#history.push(change);
    for (const watch of [...this.#watches]) this.#show(watch, change);
  }

  #show(watch: Watch, change: Change): void {
    const isSelected = watch.name === "" || change.object.metadata.name === watch.name;
    if (!isSelected || !this.#watches.has(watch)) return;
    const line = Buffer.from(`${JSON.stringify(change)}\n`);
    if (line.length < watch.left) {
      watch.left -= line.length;
      watch.response.write(line);
      return;
    }
    this.#watches.delete(watch);
    watch.response.write(line.subarray(0, watch.left));
    setImmediate(() => watch.response.socket?.resetAndDestroy());
  }
}
