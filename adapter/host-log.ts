/**
 * The host's log. Its callback can throw, reject or never settle, and the run is still followed to its end. Lines
 * of the agent never look like the adapter's own.
 */
import type { AdapterExecutionContext } from "@paperclipai/adapter-utils";
import { setTimeout as wait } from "node:timers/promises";
import { logPrefix } from "./log-prefix.ts";
import { storableText } from "./storable.ts";

type Stream = "stdout" | "stderr";

/** After the run's end, a host that takes longer for one chunk gets no more. */
const maxChunkDelayMs = 20_000;
/** Maximum number of pending calls of the host; further lines of the adapter are dropped. */
const maxPending = 256;
/** `logPrefix` at the start of a line, also after spaces that a reader may trim. */
const prefixAtLineStart = /^(?=[^\S\n\r\u2028\u2029]*\[clauderun\])/gm;
const lineEnds = ["\n", "\r", "\u2028", "\u2029"];
/** Precedes a line of the agent that begins with `logPrefix`. */
const agentPrefix = "[agent] ";

export class HostLog {
  readonly #onLog: AdapterExecutionContext["onLog"];
  /** Pending calls of the host, and the time of each. */
  readonly #pending = new Map<Promise<void>, number>();
  readonly #isMidLine: Record<Stream, boolean> = { stdout: false, stderr: false };
  readonly #stopped = Promise.withResolvers<undefined>();
  #isStopped = false;
  #slowHostTimer: NodeJS.Timeout | undefined;

  constructor(onLog: AdapterExecutionContext["onLog"]) {
    this.#onLog = onLog;
  }

  /** Sends output of the agent. Resolves once the host has taken it, or after `stop`. Never rejects. */
  async write(stream: Stream, chunk: string): Promise<void> {
    const text = storableText(chunk);
    const at = this.#isMidLine[stream] ? text.search(/[\n\r\u2028\u2029]/) : 0;
    const safe = at < 0 ? text : text.slice(0, at) + escapePrefix(text.slice(at));
    await Promise.race([this.#send(stream, safe), this.#stopped.promise]);
  }

  /** Logs a state of the run. */
  info(sentence: string): void {
    this.#writeOwn("stdout", sentence);
  }

  /** Logs a problem outside the run. */
  warn(sentence: string): void {
    this.#writeOwn("stderr", sentence);
  }

  /** Calls `stop` as soon as the host does not take a chunk in time; called at the run's end. */
  abandonSlowHost(): void {
    const sinceMs = performance.now();
    this.#slowHostTimer ??= setInterval(() => {
      const [oldestMs = Infinity] = this.#pending.values();
      if (performance.now() - Math.max(oldestMs, sinceMs) > maxChunkDelayMs) this.stop();
    }, 500).unref();
  }

  /** Sends nothing more to the host, and resolves all pending writes. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#slowHostTimer);
    this.#stopped.resolve(undefined);
  }

  /** Resolves once the host has taken everything, or after this time in milliseconds. Then calls `stop`. */
  async close(ms = 5_000): Promise<void> {
    const timer = new AbortController();
    const late = wait(ms, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([Promise.all(this.#pending.keys()), late, this.#stopped.promise]);
    timer.abort();
    this.stop();
  }

  #writeOwn(stream: Stream, sentence: string): void {
    if (this.#pending.size >= maxPending) return;
    const line = `${logPrefix}${storableText(sentence).replaceAll(/[\r\n]+/g, " ")}\n`;
    void this.#send(stream, this.#isMidLine[stream] ? `\n${line}` : line);
  }

  #send(stream: Stream, chunk: string): Promise<void> {
    if (this.#isStopped || chunk === "") return Promise.resolve();
    this.#isMidLine[stream] = !chunk.endsWith("\n");
    const sent = this.#call(stream, chunk).finally(() => {
      this.#pending.delete(sent);
    });
    this.#pending.set(sent, performance.now());
    return sent;
  }

  async #call(stream: Stream, chunk: string): Promise<void> {
    try {
      await this.#onLog(stream, chunk);
    } catch {
      // An error of the log itself cannot be logged.
    }
  }
}

/** Marks the agent's lines that begin with the prefix, also a partial prefix that the next chunk could complete. */
function escapePrefix(text: string): string {
  const whole = text.replaceAll(prefixAtLineStart, agentPrefix);
  // Without a regular expression: one that ends with $ is quadratic in a long line.
  const last = whole.slice(Math.max(...lineEnds.map((end) => whole.lastIndexOf(end))) + 1);
  const start = last.trimStart();
  const mayBecomePrefix = last !== "" && logPrefix.startsWith(start);
  return mayBecomePrefix ? whole.slice(0, whole.length - last.length) + agentPrefix + last : whole;
}
