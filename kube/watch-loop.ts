/**
 * Keeps a local state current: reads it, watches it from the version that was read, and resumes a watch that ended or
 * broke off where it was. The state is read again if its version is too old, or after several failures in a row.
 */
import { setTimeout as wait } from "node:timers/promises";
import { backoffMs, type Backoff } from "./backoff.ts";
import { watchEvents, type ObjectMetadata, type StreamOpener, type WatchEvent, type WatchOptions } from "./watch.ts";

/** An object in a watch. */
export interface Watched {
  readonly metadata?: ObjectMetadata;
}

export interface WatchLoopOptions<T extends Watched> {
  readonly opener: StreamOpener;
  /** The options of each watch. */
  readonly watch: () => WatchOptions;
  /** Reads the state and returns its resourceVersion; undefined ends the loop. */
  readonly read: () => Promise<string | undefined>;
  /** Called with each event but bookmarks. An error counts as a failed watch. */
  readonly onEvent: (event: WatchEvent<T>) => void;
  /** Called with each failure and the delay until the next try. An error that it throws ends the loop. */
  readonly onFailure?: (error: unknown, delayMs: number) => void;
  /** True if the state must be read again although its version is known. */
  readonly isReadDue?: () => boolean;
  /** A known state's version: nothing is read at the start. */
  readonly version?: string | undefined;
  readonly backoff: Backoff;
  readonly signal: AbortSignal;
}

/** A watch that lasted shorter than this and delivered nothing counts as a failure. */
const shortLifeMs = 1_000;
/** After this number of failures in a row the state is read again. */
const maxResumes = 5;

/** Runs until the signal is aborted, `read` finds nothing, or `onFailure` throws. */
export async function watchLoop<T extends Watched>(options: WatchLoopOptions<T>): Promise<void> {
  const { opener, watch, read, onEvent, onFailure, isReadDue = () => false, backoff, signal } = options;
  let { version } = options;
  let failures = 0;
  while (!signal.aborted) {
    let openedMs = Infinity;
    let hasEvents = false;
    let delayMs: number;
    // True too if the read failed, because no watch was opened.
    const isShort = (): boolean => performance.now() - openedMs < shortLifeMs;
    try {
      if (version === undefined || isReadDue()) version = await read();
      if (version === undefined) return;
      openedMs = performance.now();
      const { onTooLarge, ...watchOptions } = watch();
      const skip = (metadata: ObjectMetadata): void => {
        hasEvents = true;
        onTooLarge?.(metadata);
        version = metadata.resourceVersion ?? version;
      };
      const from = { ...watchOptions, resourceVersion: version, signal };
      const events = watchEvents<T>(opener, onTooLarge === undefined ? from : { ...from, onTooLarge: skip });
      for await (const event of events) {
        if (isAborted(signal)) return;
        if (event.type !== "BOOKMARK") {
          hasEvents = true;
          onEvent(event);
        }
        version = event.object.metadata?.resourceVersion ?? version;
      }
      failures = isShort() ? nextFailures(failures, hasEvents) : 0;
      delayMs = backoffMs(failures, backoff);
    } catch (error) {
      if (isAborted(signal)) return;
      failures = isShort() ? nextFailures(failures, hasEvents) : 1;
      if (isExpired(error)) version = undefined;
      delayMs = Math.max(backoffMs(failures, backoff), retryAfterMs(error));
      onFailure?.(error, delayMs);
    }
    if (failures >= maxResumes) version = undefined;
    if (delayMs > 0) await wait(delayMs, undefined, { signal }).catch(() => undefined);
  }
}

/** A call, because TypeScript does not expect the signal to change between two checks. */
function isAborted({ aborted }: AbortSignal): boolean {
  return aborted;
}

/** A watch that delivered something begins the series again. */
function nextFailures(failures: number, hasEvents: boolean): number {
  return hasEvents ? 1 : failures + 1;
}

/** True if the resourceVersion is too old. */
function isExpired(error: unknown): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === 410;
}

function retryAfterMs(error: unknown): number {
  const ms = (error as { readonly retryAfterMs?: unknown } | undefined)?.retryAfterMs;
  return typeof ms === "number" ? ms : 0;
}
