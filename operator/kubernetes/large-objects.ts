/** Logs large objects, which cost memory, and counts those that are too large to be read. */
import type { Log } from "../log.ts";
import type { Listed } from "./list-pages.ts";

/** Larger objects are logged. */
export const largeBytes = 512 * 1024;
/** Up to this number of objects are logged only once. */
const maxReported = 1_000;

export class LargeObjects {
  readonly #log: Log;
  readonly #path: string;
  readonly #reported = new Set<string>();
  /** Number of times that an object was too large to be read. */
  unreadable = 0;

  /** `path` is that of the collection. */
  constructor(log: Log, path: string) {
    this.#log = log;
    this.#path = path;
  }

  /** Logs an object of this size if it is large. */
  read({ metadata }: Listed, bytes: number): void {
    const { name, namespace, uid } = metadata ?? {};
    if (bytes <= largeBytes || uid === undefined || this.#reported.has(uid)) return;
    if (this.#reported.size >= maxReported) this.#reported.clear();
    this.#reported.add(uid);
    this.#log.warn(
      { path: this.#path, namespace, name, uid, bytes },
      "object is large: a quota on the number of objects limits the cost of its namespace",
    );
  }

  /** Logs and counts an object that was too large to be read. */
  skipped(metadata: Listed["metadata"]): void {
    const { name, namespace, uid } = metadata ?? {};
    this.unreadable += 1;
    this.#log.error(
      { path: this.#path, namespace, name, uid },
      "object is too large to be read: it is ignored until it is smaller",
    );
  }
}
