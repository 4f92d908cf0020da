/** Reads the events of a watch until the server ends it or it has been silent for too long. */
import { PartialLine } from "./line-buffers.ts";
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

/** Longer than the interval of bookmarks, about a minute: a watch that is silent for longer is dead. */
const idleMs = 90_000;

/** Several times the size of the API server's largest object as JSON. */
const maxLineBytes = 16 * 1_048_576;

/** A collection and the resourceVersion to start from. */
export interface WatchOptions {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
}

/** Throws ApiError, with code 410 if the resourceVersion is too old. */
export async function* watchEvents<T>(
  connection: Connection,
  { path, query, resourceVersion, signal }: WatchOptions,
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
    try {
      for await (const line of linesOf(stream.chunks, () => timer.refresh())) {
        const { type, object } = parseLine<T>(line);
        if (type === "ERROR") throw new ApiError(object.message ?? "the watch failed", { code: object.code ?? 0 });
        yield { type, object };
      }
    } finally {
      stream.close();
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Yields lines without their newline; takes linear time and bounds their length. */
async function* linesOf(chunks: AsyncIterable<Buffer>, onChunk: () => void): AsyncGenerator<Buffer> {
  const rest = new PartialLine();
  for await (const chunk of chunks) {
    onChunk();
    let start = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, start)) {
      yield rest.takeWith(chunk.subarray(start, at));
      start = at + 1;
    }
    if (start < chunk.length) rest.append(chunk.subarray(start));
    if (rest.length > maxLineBytes) {
      throw new ApiError(`the watch sent a line of more than ${maxLineBytes} bytes`, { code: 0 });
    }
  }
}

/** Parses one event. Errors do not quote the line, because it may contain a prompt. */
function parseLine<T>(line: Buffer): Line<T> {
  try {
    const value = JSON.parse(line.toString()) as Partial<Line<T>> | null;
    if (typeof value?.type === "string" && typeof value.object === "object" && (value.object as unknown) !== null) {
      return value as Line<T>;
    }
  } catch {
    // Handled below like any other line that is not an event.
  }
  throw new ApiError("the watch sent a line that is not an event: is this the address of a Kubernetes API server?", {
    code: 0,
  });
}
