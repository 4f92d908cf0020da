/** Changes as watches show them: the history since the last compaction, and whoever follows. */
import type { ServerResponse } from "node:http";
import { failure, say } from "./answers.ts";
import type { Asked } from "./asked.ts";

/** Any object that is stored. */
export type Thing = Record<string, unknown> & {
  metadata: Record<string, unknown> & { name: string; resourceVersion: string };
};
/** A watch event. */
export type Change = { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: Thing };

interface Watch {
  readonly response: ServerResponse;
  readonly name: string;
  /** Bytes until it breaks off. */
  left: number;
}

export class ChangeFeed {
  readonly #history: Change[] = [];
  readonly #watches = new Set<Watch>();
  #oldest = 0;

  /** Ends every watch that is open, in order or in the middle of things. */
  end(how: "end" | "reset"): void {
    for (const { response } of this.#watches) {
      if (how === "end") response.end();
      else response.socket?.resetAndDestroy();
    }
    this.#watches.clear();
  }

  /** Forgets what changed before this version: watches from there are answered 410. */
  compact(version: number): void {
    this.#oldest = version;
    this.#history.length = 0;
  }

  /** Opens a watch; it breaks off after so many bytes of events. */
  open({ query }: Asked, response: ServerResponse, left: number): void {
    const from = Number(query.get("resourceVersion"));
    if (from < this.#oldest) {
      say(response, 410, failure(410, "too old resource version"));
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

  /** Shows a change to whoever watches its object. */
  tell(change: Change): void {
    this.#history.push(change);
    for (const watch of [...this.#watches]) this.#show(watch, change);
  }

  #show(watch: Watch, change: Change): void {
    const isMeant = watch.name === "" || change.object.metadata.name === watch.name;
    if (!isMeant || !this.#watches.has(watch)) return;
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
