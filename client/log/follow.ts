/** Follows a container's log until its last line is verified. Opens the stream again after each failure. */
import { setTimeout as wait } from "node:timers/promises";
import { backoffMs } from "../../kube/backoff.ts";
import { ApiError } from "../../kube/api-error.ts";
import type { OpenStream } from "../../kube/connection.ts";
import type { LogCursor } from "./cursor.ts";
import type { LogEvent } from "./log-event.ts";

/** Source, target and limits of `followLog`. */
export interface FollowOptions {
  readonly cursor: LogCursor;
  /** Opens the log with this query. Rejects with ApiError. */
  readonly open: (query: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<OpenStream>;
  /** Receives the events. Reading pauses until the promise resolves. */
  readonly deliver: (events: readonly LogEvent[]) => Promise<void>;
  /** An abort ends following at once. */
  readonly signal: AbortSignal;
  /** A stream without a byte for this time is opened again, because it may be dead. Default: 60 s. */
  readonly silenceMs?: number;
  /** Maximum backoff before the stream is opened again. Default: 2 s. */
  readonly maxDelayMs?: number;
  /** Stops after this many streams in a row without new bytes that ended normally or have no pod. Default: no limit. */
  readonly maxEmptyReads?: number;
}

/** Resolves once the runner's last line was delivered, or the signal is aborted. Rejects only if `deliver` does. */
export async function followLog(follow: FollowOptions): Promise<void> {
  const { cursor, signal, maxDelayMs = 2_000, maxEmptyReads = Infinity } = follow;
  let failures = 0;
  let emptyReads = 0;
  while (!signal.aborted && !cursor.isComplete && emptyReads < maxEmptyReads) {
    const { bytes } = cursor.position;
    const openedMs = performance.now();
    let endedNormally = false;
    try {
      endedNormally = await readStream(follow);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      endedNormally = error.code === 404;
    }
    emptyReads = endedNormally && cursor.position.bytes === bytes ? emptyReads + 1 : 0;
    const madeProgress = cursor.position.bytes > bytes || performance.now() - openedMs > 1_000;
    failures = madeProgress ? 0 : failures + 1;
    const delayMs = failures === 0 ? 20 : backoffMs(failures, { baseMs: 100, maxMs: maxDelayMs });
    await wait(delayMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Resolves to true if the stream ended normally. */
async function readStream({ cursor, open, deliver, signal, silenceMs = 60_000 }: FollowOptions): Promise<boolean> {
  const over = new AbortController();
  const end = (): void => over.abort();
  // Two timers: after a pause of this process the first fires before buffered bytes were read.
  const arm = (): NodeJS.Timeout => setTimeout(() => (timer = setTimeout(end, silenceMs / 2)), silenceMs / 2);
  let timer = arm();
  signal.addEventListener("abort", end);
  let stream: OpenStream | undefined;
  try {
    stream = await open({ follow: "true", ...cursor.startStream() }, over.signal);
    for await (const chunk of stream.chunks) {
      // The time of a slow reader does not count as silence.
      clearTimeout(timer);
      const { events, mustReopen } = cursor.push(chunk);
      if (events.length > 0) await deliver(events);
      if (mustReopen || cursor.isComplete || signal.aborted) return false;
      timer = arm();
    }
    return !over.signal.aborted;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    stream?.close();
  }
}
