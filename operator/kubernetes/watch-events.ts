/** What a watch sends, a line each. */
import { ClusterError, ExpiredError } from "../errors.ts";
import type { Listed } from "./list-pages.ts";

/** A bookmark's object has a resource version and nothing else. */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: Listed;
}

/** A Status: the watch is over. */
interface ErrorEvent {
  readonly type: "ERROR";
  readonly object: { readonly code?: number; readonly message?: string };
}

/** The event in a line of the watch of `path`. An ERROR is thrown: as ExpiredError if its version is too old to go on from. */
export function readWatchEvent(line: string, path: string): WatchEvent {
  const event = parseEvent(line, path);
  if (event.type !== "ERROR") return event;
  const { code, message } = event.object;
  if (code === 410) throw new ExpiredError(message ?? "resource version expired");
  throw new ClusterError(`the watch of ${path} said: ${message ?? "an error without words"}`);
}

/** Whose event a line that was cut is; as far as its start says so. Built-in objects begin with their names, in this order. */
export function readCutEvent(start: string): Listed["metadata"] {
  const names = ["name", "namespace", "uid", "resourceVersion"] as const;
  const [, metadata = ""] = /"metadata":\{(.{0,2000})/.exec(start) ?? [];
  const found = names.map(
    (key) => [key, new RegExp(`(?:^|,)"${key}":"([-.a-z0-9]{1,253})"`).exec(metadata)?.[1]] as const,
  );
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

function parseEvent(line: string, path: string): WatchEvent | ErrorEvent {
  try {
    return JSON.parse(line) as WatchEvent | ErrorEvent;
  } catch {
    // The cause is left out: it quotes the text, which may be a prompt.
    throw new ClusterError(`the watch of ${path} sent a line that is not JSON`);
  }
}
