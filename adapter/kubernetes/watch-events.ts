/** A watch as events, until the server ends it, or it has been silent for so long that it must be dead. */
import { ApiError } from "./api-error.ts";
import type { Connection } from "./connection.ts";

/** One change of an object. */
export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: T;
}

interface Line<T> {
  readonly type: WatchEvent<T>["type"] | "ERROR";
  readonly object: T & { readonly code?: number; readonly message?: string };
}

/** Bookmarks come about once a minute: a watch that is silent for longer is dead. */
const idleMs = 90_000;

/** What is watched, from which version. */
export interface Watched {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
}

/** Throws ApiError, with code 410 if the version is too old. */
export async function* watchEvents<T>(
  connection: Connection,
  { path, query, resourceVersion, signal }: Watched,
): AsyncGenerator<WatchEvent<T>> {
  const all = {
    ...query,
    watch: "true",
    resourceVersion,
    allowWatchBookmarks: "true",
    timeoutSeconds: String(900 + Math.floor(Math.random() * 300)),
  };
  const idle = new AbortController();
  const timer = setTimeout(() => idle.abort(), idleMs);
  try {
    const stream = await connection.open(path, all, AbortSignal.any([signal, idle.signal]));
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of stream.chunks) {
      timer.refresh();
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        const { type, object } = JSON.parse(rest.subarray(0, end).toString()) as Line<T>;
        rest = rest.subarray(end + 1);
        if (type === "ERROR") throw new ApiError(object.message ?? "the watch failed", { code: object.code ?? 0 });
        yield { type, object };
      }
    }
  } finally {
    clearTimeout(timer);
  }
}
