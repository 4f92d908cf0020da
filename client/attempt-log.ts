/** Delivers the log of one attempt: claude's lines unchanged, stderr separately, without the runner's own lines. */
import type { RunReport } from "../runner/contract.ts";
import type { Connection } from "../kube/connection.ts";
import { podLogPath } from "./paths.ts";
import type { RunWatch } from "./run-watch.ts";
import { LogCursor } from "./log/cursor.ts";
import { followLog } from "./log/follow.ts";
import { deliver, type LogSink } from "./log/sink.ts";

/** After the run has finished, its log is read to the end for at most this long. */
const drainMs = 30_000;
/** After this many streams without new bytes, the runner's last line was never written. */
const maxEmptyReads = 5;
/** Time for an open stream to end by itself after the run has finished. */
const finishedGraceMs = 1_000;

/** Follows the log of one pod to its verified end, or until the run's end leaves nothing to wait for. */
export class AttemptLog {
  readonly cursor = new LogCursor();
  readonly #connection: Connection;
  readonly #watch: RunWatch;
  readonly #sink: LogSink;
  readonly #pod: string;

  constructor(options: { connection: Connection; watch: RunWatch; sink: LogSink; pod: string }) {
    this.#connection = options.connection;
    this.#watch = options.watch;
    this.#sink = options.sink;
    this.#pod = options.pod;
  }

  /** Returns the runner's report if the whole log was verified, otherwise undefined. */
  async follow(signal: AbortSignal): Promise<RunReport | undefined> {
    const isEnded = (): boolean =>
      this.#watch.isDeleted ||
      this.#watch.run.status?.completionTime !== undefined ||
      this.#watch.run.status?.pod?.name !== this.#pod;
    const following = new AbortController();
    const stop = (): void => following.abort();
    signal.addEventListener("abort", stop);
    let grace: NodeJS.Timeout | undefined;
    const unsubscribe = this.#watch.onChange(() => {
      if (isEnded()) grace ??= setTimeout(stop, finishedGraceMs);
    });
    try {
      await this.#follow(following.signal);
      if (this.cursor.end === undefined && !signal.aborted) await this.#drain(signal);
    } finally {
      unsubscribe();
      clearTimeout(grace);
      signal.removeEventListener("abort", stop);
    }
    // Without all bytes the digest proves nothing, so the agent could have written the last line.
    return this.cursor.isVerified ? this.cursor.end?.report : undefined;
  }

  /** Reads the log of a terminated container: a stream opened now ends after its last byte. */
  async #drain(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const stop = (): void => over.abort();
    const timer = setTimeout(stop, drainMs);
    signal.addEventListener("abort", stop);
    await this.#follow(over.signal, maxEmptyReads);
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    if (this.cursor.end !== undefined) return;
    await deliver(this.cursor.flush(), this.#sink);
    const { bytes, lines } = this.cursor.position;
    const written = this.#watch.run.status?.log?.bytes;
    const known = written === undefined ? "its full size is unknown" : `the runner wrote ${written} bytes`;
    await this.#sink.onWarning(`the log of ${this.#pod} ends after ${bytes} bytes (${lines} lines); ${known}`);
  }

  #follow(signal: AbortSignal, emptyReads = Infinity): Promise<void> {
    const path = podLogPath(this.#watch.run.metadata.namespace, this.#pod);
    return followLog({
      cursor: this.cursor,
      open: (query, over) => this.#connection.open(path, { container: "claude", ...query }, over),
      deliver: (events) => deliver(events, this.#sink),
      signal,
      maxEmptyReads: emptyReads,
    });
  }
}
