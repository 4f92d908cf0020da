/**
 * One request and its whole answer over undici's dispatcher. `dispatcher.request` makes a stream, a promise and two
 * abort signals for every answer; a burst has hundreds of answers a second, all of them small (docs/performance.md).
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";

/** What is sent: everything but the time that it may take. */
export type Question = Pick<Dispatcher.DispatchOptions, "origin" | "path" | "method" | "headers" | "body">;

export interface Answer {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface ExchangeOptions {
  /** From now to the answer's last byte; waiting for a free connection counts. */
  readonly timeoutMs: number;
  /** Breaks it off, beside the timeout. */
  readonly signal?: AbortSignal | undefined;
  /** The text of a success is thrown away. */
  readonly dropText: boolean;
  /** Told once the answer's head is here. */
  readonly onHead: (head: Omit<Answer, "text">) => void;
}

/**
 * Resolves with any answer, whatever its status code. Rejects with what went wrong, before or after `onHead`: the
 * connection's error, the signal's reason, or a DOMException named TimeoutError.
 */
export function exchange(dispatcher: Dispatcher, question: Question, options: ExchangeOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const handler = new Exchange(options, resolve, reject);
    try {
      dispatcher.dispatch(question, handler);
    } catch (error) {
      // What undici refuses to send at all, such as a header with a line break.
      handler.onResponseError(undefined, error as Error);
    }
  });
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: Error) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #head: Omit<Answer, "text"> | undefined;
  /** Why it was given up, while undici may still hold it in its queue. */
  #givenUp: Error | undefined;

  constructor(options: ExchangeOptions, resolve: (answer: Answer) => void, reject: (error: Error) => void) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    const { timeoutMs, signal } = options;
    this.#timer = setTimeout(() => {
      this.#giveUp(new DOMException(`no whole answer within ${timeoutMs} ms`, "TimeoutError"));
    }, timeoutMs);
    signal?.addEventListener("abort", this.#aborted, { once: true });
    if (signal?.aborted === true) this.#aborted();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Nobody waits for it any more: it is not sent.
    if (this.#givenUp !== undefined) controller.abort(this.#givenUp);
  }

  onResponseStart(_controller: unknown, statusCode: number, headers: IncomingHttpHeaders): void {
    // 100 Continue and its like come before the answer.
    if (statusCode < 200) return;
    this.#head = { statusCode, headers };
    this.#options.onHead(this.#head);
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    if (this.#head !== undefined && this.#head.statusCode < 300 && this.#options.dropText) return;
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#head === undefined) return;
    this.#settled();
    const [first, ...more] = this.#chunks;
    const whole = first === undefined || more.length === 0 ? first : Buffer.concat(this.#chunks);
    this.#resolve({ ...this.#head, text: whole?.toString("utf8") ?? "" });
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#settled();
    this.#reject(error);
  }

  readonly #aborted = (): void => {
    this.#giveUp(this.#options.signal?.reason as Error);
  };

  #giveUp(why: Error): void {
    if (this.#givenUp !== undefined) return;
    this.#givenUp = why;
    this.#controller?.abort(why);
    // A request that waits for a connection is told of nothing until it gets one.
    this.onResponseError(undefined, why);
  }

  #settled(): void {
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#aborted);
  }
}
