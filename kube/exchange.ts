/** One request and its whole answer. */
import type { ClientRequest, IncomingMessage } from "node:http";
import { HttpError, type HttpResponse, type WholeRequest } from "./http.ts";

export interface Settle {
  resolve(answer: HttpResponse): void;
  reject(error: HttpError): void;
}

/** Its deadline begins with its construction: waiting for a free connection counts. */
export class Exchange {
  readonly #options: WholeRequest;
  readonly #settle: Settle;
  readonly #timer: NodeJS.Timeout;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #request: ClientRequest | undefined;
  #answer: IncomingMessage | undefined;
  #isSettled = false;

  constructor(options: WholeRequest, settle: Settle) {
    this.#options = options;
    this.#settle = settle;
    const { timeoutMs, signal } = options;
    this.#timer = setTimeout(() => {
      this.fail(new DOMException(`no whole answer within ${timeoutMs} ms`, "TimeoutError"));
    }, timeoutMs);
    signal?.addEventListener("abort", this.#onAbort);
    if (signal?.aborted === true) this.#onAbort();
  }

  /** Answered or failed: a request that was not sent by then is not sent any more. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Reads the answer of a request that was just sent. */
  start(request: ClientRequest): void {
    this.#request = request;
    request.on("response", (answer) => {
      this.#read(answer);
    });
    request.on("error", (error) => {
      this.fail(error);
    });
  }

  #read(answer: IncomingMessage): void {
    const { statusCode = 0, headers } = answer;
    const isSuccess = statusCode < 300;
    this.#answer = answer;
    this.#options.onHeaders?.({ statusCode, headers });
    answer.on("data", (chunk: Buffer) => {
      this.#bytes += chunk.length;
      if (isSuccess && this.#options.discardBody === true) return;
      if (this.#bytes <= this.#options.maxBytes) this.#chunks.push(chunk);
      else if (isSuccess) this.#failTooLarge();
    });
    answer.on("end", () => {
      const whole = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
      const text = whole?.toString("utf8") ?? "";
      this.#finish();
      this.#settle.resolve({ statusCode, headers, text, bytes: this.#bytes });
    });
    answer.on("error", (error) => {
      this.fail(error);
    });
  }

  readonly #onAbort = (): void => {
    this.fail(this.#options.signal?.reason as Error);
  };

  #failTooLarge(): void {
    this.#end(new HttpError("too large", { message: `the answer is larger than ${this.#options.maxBytes} bytes` }));
  }

  /** Rejects the answer, and destroys the request if it was sent. */
  fail(cause: Error): void {
    this.#end(new HttpError(this.#answer === undefined ? "no answer" : "broken", { cause }));
  }

  #end(error: HttpError): void {
    if (this.#isSettled) return;
    this.#finish();
    this.#settle.reject(error);
    this.#request?.destroy();
  }

  #finish(): void {
    this.#isSettled = true;
    this.#chunks.length = 0;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }
}
