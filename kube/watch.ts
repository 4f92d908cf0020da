/** Reads the events of one watch until the server ends it or it has been silent for too long. */
import { ApiError } from "./api-error.ts";
import { lines, type Line } from "./lines.ts";

/** The metadata that lists and watches need. */
export interface ObjectMetadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** One change of an object. The object of a bookmark has only a resourceVersion. */
export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: T;
  /** Size of the event. */
  readonly lengthBytes: number;
}

/** An open response: its chunks until the server ends it or close() is called. */
export interface OpenStream {
  readonly chunks: AsyncIterable<Buffer>;
  close(): void;
}

/** Opens streams of an API server: a Connection, or the operator's Transport. */
export interface StreamOpener {
  open(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<OpenStream>;
}

/** A collection, and how its watch is read. */
export interface WatchOptions {
  readonly path: string;
  /** Selectors. */
  readonly query?: Readonly<Record<string, string>>;
  /** The server ends the watch after this time. Default: 15 to 20 minutes. */
  readonly timeoutSeconds?: number;
  /** A watch that is silent for longer is dead. Default: 90 s, because bookmarks come about once a minute. */
  readonly idleMs?: number;
  /** Longest event. Default: several times the size of the API server's largest object. */
  readonly maxLineBytes?: number;
  /** Called with what is known of an object whose event is longer. Without it such an event is an error. */
  readonly onTooLarge?: (metadata: ObjectMetadata) => void;
  /** Called whenever the server has sent something. */
  readonly onData?: () => void;
}

interface ParsedLine<T> {
  readonly type: WatchEvent<T>["type"] | "ERROR";
  readonly object: T & { readonly code?: number; readonly message?: string };
}

const defaultIdleMs = 90_000;
const defaultMaxLineBytes = 16 * 1_048_576;

/** Watches from a resourceVersion. Throws like `opener.open`, or ApiError; code 410: the resourceVersion is too old. */
export async function* watchEvents<T>(
  opener: StreamOpener,
  options: WatchOptions & { readonly resourceVersion: string; readonly signal: AbortSignal },
): AsyncGenerator<WatchEvent<T>> {
  const { path, idleMs = defaultIdleMs, maxLineBytes = defaultMaxLineBytes, onTooLarge, onData } = options;
  const idle = new AbortController();
  const timer = setTimeout(() => idle.abort(new Error(`the watch was silent for ${idleMs} ms`)), idleMs);
  const heard = (): void => {
    timer.refresh();
    onData?.();
  };
  try {
    const stream = await opener.open(path, queryOf(options), AbortSignal.any([options.signal, idle.signal]));
    heard();
    try {
      for await (const line of lines(tapped(stream.chunks, heard), maxLineBytes)) {
        if (line.isCut) {
          if (onTooLarge === undefined)
            throw new ApiError(`WATCH ${path}: an event has more than ${maxLineBytes} bytes`, { code: 0 });
          onTooLarge(metadataOfCut(line.bytes.toString()));
          continue;
        }
        yield parseEvent<T>(line, path);
      }
    } finally {
      stream.close();
    }
  } finally {
    clearTimeout(timer);
  }
}

function queryOf({ query, resourceVersion, timeoutSeconds }: WatchOptions & { readonly resourceVersion: string }) {
  return {
    ...query,
    watch: "true",
    resourceVersion,
    allowWatchBookmarks: "true",
    timeoutSeconds: String(timeoutSeconds ?? 900 + Math.floor(Math.random() * 300)),
  };
}

async function* tapped(chunks: AsyncIterable<Buffer>, onChunk: () => void): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    onChunk();
    yield chunk;
  }
}

/** Parses one event. Errors do not quote the line, because it may contain a prompt. */
function parseEvent<T>({ bytes, lengthBytes }: Line, path: string): WatchEvent<T> {
  const { type, object } = parseLine<T>(bytes, path);
  if (type !== "ERROR") return { type, object, lengthBytes };
  throw new ApiError(`WATCH ${path}: ${object.message ?? "the watch failed"}`, { code: object.code ?? 0 });
}

function parseLine<T>(bytes: Buffer, path: string): ParsedLine<T> {
  try {
    const value = JSON.parse(bytes.toString()) as Partial<ParsedLine<T>> | null;
    if (typeof value?.type === "string" && typeof value.object === "object" && (value.object as unknown) !== null) {
      return value as ParsedLine<T>;
    }
  } catch {
    // Handled below like any other line that is not an event.
  }
  const message = "the watch sent a line that is not an event: is this the address of a Kubernetes API server?";
  throw new ApiError(`WATCH ${path}: ${message}`, { code: 0 });
}

/** Identifies the object of a cut event. Built-in objects begin with these fields, in this order. */
export function metadataOfCut(start: string): ObjectMetadata {
  const names = ["name", "namespace", "uid", "resourceVersion"] as const;
  const [, metadata = ""] = /"metadata":\{(.{0,2000})/.exec(start) ?? [];
  const found = names.map(
    (key) => [key, new RegExp(`(?:^|,)"${key}":"([-.a-z0-9]{1,253})"`).exec(metadata)?.[1]] as const,
  );
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}
