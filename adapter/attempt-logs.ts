/** The logs of a run's attempts, one after the other, to the host: claude's lines as they are, stderr apart, ours hidden. */
import type { RunReport } from "../runner/contract.ts";
import type { Connection } from "./kubernetes/connection.ts";
import { podLogPath } from "./kubernetes/paths.ts";
import type { RunWatch } from "./kubernetes/run-watch.ts";
import { LogCursor } from "./log/cursor.ts";
import { followLog } from "./log/follow.ts";
import { deliver, type LogSink } from "./log/sink.ts";
import { warn } from "./own-lines.ts";

/** After the run has finished its log is only read to its end, and no longer than this. */
const drainMs = 30_000;
/** So many streams that end in good order without the runner's last line: it was never written. */
const maxBarren = 5;
/** A stream that is at work when the run finishes gets so long to end by itself. */
const finishedGraceMs = 1_000;

/** Follows the log of one pod to its proven end, or until the run's end leaves nothing to wait for. */
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

  /** The runner's report, proven to be the last word on its log; undefined if it could not be had. */
  async follow(signal: AbortSignal): Promise<RunReport | undefined> {
    const isOver = (): boolean =>
      this.#watch.isGone ||
      this.#watch.run.status?.completionTime !== undefined ||
      this.#watch.run.status?.pod?.name !== this.#pod;
    const first = new AbortController();
    const stop = (): void => first.abort();
    signal.addEventListener("abort", stop);
    let grace: NodeJS.Timeout | undefined;
    const off = this.#watch.onChange(() => {
      if (isOver()) grace ??= setTimeout(stop, finishedGraceMs);
    });
    try {
      await this.#follow(first.signal);
      if (this.cursor.end === undefined && !signal.aborted) await this.#drain(signal);
    } finally {
      off();
      clearTimeout(grace);
      signal.removeEventListener("abort", stop);
    }
    return this.cursor.end?.report;
  }

  /** The container has ended: a stream opened now shows everything there is and ends. */
  async #drain(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const stop = (): void => over.abort();
    const timer = setTimeout(stop, drainMs);
    signal.addEventListener("abort", stop);
    await this.#follow(over.signal, maxBarren);
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    if (this.cursor.end !== undefined) return;
    const { bytes, lines } = this.cursor.position;
    const written = this.#watch.run.status?.log?.bytes;
    const known = written === undefined ? "its length is not known" : `${written} were written before its last line`;
    await warn(this.#sink.onLog, `the log of ${this.#pod} ends after ${bytes} bytes (${lines} lines); ${known}`);
  }

  #follow(signal: AbortSignal, barren = Infinity): Promise<void> {
    const path = podLogPath(this.#watch.run.metadata.namespace, this.#pod);
    return followLog({
      cursor: this.cursor,
      open: (query, over) => this.#connection.open(path, { container: "claude", ...query }, over),
      deliver: (events) => deliver(events, this.#sink),
      signal,
      maxBarren: barren,
    });
  }
}
