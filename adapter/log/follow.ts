/** Follows a container's log until its last line is proven, opening the stream again as often as it takes. */
import { setTimeout as wait } from "node:timers/promises";
import { ApiError } from "../kubernetes/api-error.ts";
import type { OpenStream } from "../kubernetes/connection.ts";
import type { LogCursor } from "./cursor.ts";
import type { LogEvent } from "./log-event.ts";

/** Where the log comes from and where it goes. */
export interface Follow {
  readonly cursor: LogCursor;
  /** Opens the log with this query; rejects with ApiError. */
  readonly open: (query: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<OpenStream>;
  /** Takes what has arrived; the stream is read on once it resolves. */
  readonly deliver: (events: readonly LogEvent[]) => Promise<void>;
  /** Ends following, at once. */
  readonly signal: AbortSignal;
  /** A stream so long without a byte is opened again: from here a dead one looks like a quiet one. */
  readonly silenceMs?: number;
  /** The longest wait before the stream is opened again. */
  readonly maxDelayMs?: number;
  /** Gives up after so many streams in a row that ended in good order and had no news, or that there is no pod for. */
  readonly maxBarren?: number;
}

/** Resolves once the runner's last line was delivered, or the signal is aborted; rejects only if `deliver` does. */
export async function followLog(follow: Follow): Promise<void> {
  const { cursor, signal, maxDelayMs = 2_000, maxBarren = Infinity } = follow;
  let failures = 0;
  let barren = 0;
  while (!signal.aborted && !cursor.isComplete && barren < maxBarren) {
    const { bytes } = cursor.position;
    const openedMs = performance.now();
    let isOver = false;
    try {
      isOver = await readStream(follow);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      isOver = error.code === 404;
    }
    barren = isOver && cursor.position.bytes === bytes ? barren + 1 : 0;
    const isFruitful = cursor.position.bytes > bytes || performance.now() - openedMs > 1_000;
    failures = isFruitful ? 0 : failures + 1;
    const delayMs = failures === 0 ? 20 : Math.min(maxDelayMs, 50 * 2 ** (failures - 1));
    await wait(delayMs, undefined, { signal }).catch(() => undefined);
  }
}

/** True if the stream ended in good order. */
async function readStream({ cursor, open, deliver, signal, silenceMs = 60_000 }: Follow): Promise<boolean> {
  const over = new AbortController();
  const end = (): void => over.abort();
  // In two halves: after this process itself was held up, the first fires before what has arrived was read.
  const arm = (): NodeJS.Timeout => setTimeout(() => (timer = setTimeout(end, silenceMs / 2)), silenceMs / 2);
  let timer = arm();
  signal.addEventListener("abort", end);
  let stream: OpenStream | undefined;
  try {
    stream = await open({ follow: "true", ...cursor.begin() }, over.signal);
    for await (const chunk of stream.chunks) {
      // A slow reader is no silence.
      clearTimeout(timer);
      const { events, mustReopen } = cursor.take(chunk);
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
