/**
 * An HTTP proxy before the API server, with the cluster's own credentials, that gives wrong answers while it is told to. The
 * operator speaks plain HTTP to it; everything else is the real API server's.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Agent, request, type RequestOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";

export type AnswerFault =
  /** Every request is answered so, 429 with Retry-After: 1; watches that are open end. */
  | 429
  | 500
  | 503
  /** No request is answered, open watches fall silent; both are dropped when the fault is over. */
  | "hang"
  /** Every watch breaks off in the middle of its first event. */
  | "truncated"
  /** Every watch is answered with 410 Gone, by turns as an answer and as an event; lists work. */
  | "gone";

const messages: Readonly<Record<number, string>> = {
  410: "too old resource version",
  429: "too many requests",
  500: "internal error: etcdserver: request timed out",
  503: "apiserver is shutting down",
};

export class AnswerProxy {
  readonly #target: URL;
  readonly #credentials: RequestOptions;
  readonly #agent: Agent;
  readonly #server: Server;
  /** Answers under way: watches that are open, and requests that hang. */
  readonly #open = new Set<ServerResponse>();
  #fault: AnswerFault | undefined;
  #isEvent = false;
  /** Requests so far. */
  requests = 0;

  private constructor(target: URL, credentials: RequestOptions) {
    this.#target = target;
    this.#credentials = credentials;
    this.#agent = new Agent({ keepAlive: true });
    this.#server = createServer((asked, answer) => this.#take(asked, answer));
  }

  static async open(): Promise<AnswerProxy> {
    const config = new KubeConfig();
    config.loadFromDefault();
    const credentials: RequestOptions = {};
    await config.applyToHTTPSOptions(credentials);
    const { ca, cert, key } = credentials;
    const proxy = new AnswerProxy(new URL(config.getCurrentCluster()?.server ?? ""), { ca, cert, key });
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  break(fault: AnswerFault): void {
    this.#fault = fault;
    if (fault !== "hang") for (const answer of this.#open) answer.end();
  }

  heal(): void {
    const hung = this.#fault === "hang";
    this.#fault = undefined;
    if (hung) for (const answer of this.#open) answer.destroy();
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agent.destroy();
  }

  #take(asked: IncomingMessage, answer: ServerResponse): void {
    this.requests += 1;
    this.#open.add(answer);
    answer.on("close", () => this.#open.delete(answer));
    const isWatch = new URL(asked.url ?? "", this.#target).searchParams.get("watch") === "true";
    const fault = this.#fault;
    if (fault === "hang") return;
    if (typeof fault === "number") this.#refuse(fault, answer);
    else if (fault === "gone" && isWatch) this.#refuse(410, answer);
    else this.#pass(asked, { answer, isWatch });
  }

  #refuse(code: 410 | 429 | 500 | 503, answer: ServerResponse): void {
    const status = { kind: "Status", apiVersion: "v1", status: "Failure", message: messages[code] ?? "", code };
    const headers = { "content-type": "application/json", ...(code === 429 ? { "retry-after": "1" } : {}) };
    this.#isEvent = code === 410 && !this.#isEvent;
    if (this.#isEvent) answer.writeHead(200, headers).end(`${JSON.stringify({ type: "ERROR", object: status })}\n`);
    else answer.writeHead(code, headers).end(JSON.stringify(status));
  }

  #pass(asked: IncomingMessage, back: { answer: ServerResponse; isWatch: boolean }): void {
    const { answer } = back;
    const passed = request(
      new URL(asked.url ?? "", this.#target),
      {
        ...this.#credentials,
        agent: this.#agent,
        method: asked.method,
        headers: { ...asked.headers, host: this.#target.host },
      },
      (real) => this.#answer(real, back),
    );
    passed.on("error", () => answer.destroy());
    answer.on("close", () => passed.destroy());
    asked.pipe(passed);
  }

  #answer(real: IncomingMessage, { answer, isWatch }: { answer: ServerResponse; isWatch: boolean }): void {
    answer.writeHead(real.statusCode ?? 502, real.headers);
    answer.flushHeaders();
    real.on("error", () => answer.destroy());
    real.on("end", () => answer.end());
    real.on("data", (chunk: Buffer) => {
      if (this.#fault === "hang" || answer.writableEnded) return;
      if (this.#fault === "truncated" && isWatch) answer.end(chunk.subarray(0, chunk.length / 2));
      else answer.write(chunk);
    });
  }
}
