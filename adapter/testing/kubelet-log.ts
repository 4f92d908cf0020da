/**
 * A container's log as a kubelet shows it, over HTTP in the test's own process: cut into records that are rotated away,
 * and shown through streams that break off anywhere, fall silent, drop to a crawl, refuse, or carry the kubelet's own words.
 */
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What befalls the next stream. */
export type Fault =
  | { readonly kind: "reset"; readonly afterBytes: number }
  | { readonly kind: "end"; readonly afterBytes: number }
  | { readonly kind: "hang"; readonly afterBytes: number }
  | { readonly kind: "words"; readonly afterRecords: number; readonly text: string }
  | { readonly kind: "refuse"; readonly code: number };

interface Stream {
  readonly response: ServerResponse;
  readonly chunkBytes: number;
  fault: Fault | undefined;
  sent: number;
  records: number;
}

export class KubeletLog {
  readonly #server: Server;
  readonly #streams = new Set<Stream>();
  /** Records of the newest file. */
  #file: Buffer[] = [];
  #isOver = false;
  /** Faults of the streams to come, in order; then none. */
  readonly faults: Fault[] = [];
  /** Bytes of the pieces in which a stream is sent. */
  chunkBytes = 1_000;
  /** Queries so far. */
  readonly queries: URLSearchParams[] = [];

  constructor() {
    this.#server = createServer((request, response) => {
      const { searchParams } = new URL(request.url ?? "/", "http://kubelet");
      this.show(searchParams, response);
    });
  }

  async listen(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The container writes a piece: whole lines or parts of one, as the runtime cuts them. */
  write(...records: readonly Buffer[]): void {
    this.#file.push(...records);
    for (const stream of [...this.#streams]) for (const record of records) this.#send(stream, record);
  }

  /** The kubelet begins a new file; what was in the old one is not shown any more. */
  rotate(): void {
    this.#file = [];
  }

  /** The container has ended: streams end once they have shown everything. */
  finish(): void {
    this.#isOver = true;
    for (const { response } of this.#streams) response.end();
    this.#streams.clear();
  }

  /** How many streams are open. */
  get open(): number {
    return this.#streams.size;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** Answers a request for the log; an API server passes it on so. */
  show(query: URLSearchParams, response: ServerResponse): void {
    this.queries.push(query);
    const fault = this.faults.shift();
    if (fault?.kind === "refuse") {
      response.writeHead(fault.code, { "content-type": "application/json" });
      response.end(JSON.stringify({ kind: "Status", message: "refused by the test", code: fault.code }));
      return;
    }
    response.writeHead(200, { "content-type": "text/plain" });
    response.flushHeaders();
    const stream: Stream = { response, chunkBytes: this.chunkBytes, fault, sent: 0, records: 0 };
    this.#streams.add(stream);
    response.on("close", () => this.#streams.delete(stream)).on("error", () => undefined);
    const tail = Number(query.get("tailLines") ?? Infinity);
    for (const record of this.#file.slice(-Math.min(tail, this.#file.length))) this.#send(stream, record);
    if (this.#isOver && this.#streams.delete(stream)) response.end();
  }

  #send(stream: Stream, record: Buffer): void {
    const { fault } = stream;
    if (!this.#streams.has(stream)) return;
    if (fault?.kind === "words" && stream.records === fault.afterRecords) {
      // As the kubelet does it: its error, in the place of the log's rest.
      this.#streams.delete(stream);
      stream.response.end(fault.text);
      return;
    }
    stream.records += 1;
    for (let at = 0; at < record.length;) {
      if (!this.#streams.has(stream)) return;
      // Tiny pieces cost a lot and show nothing new after the first thousands.
      let piece = record.subarray(at, at + (stream.sent < 4_096 ? stream.chunkBytes : 4_096));
      at += piece.length;
      const left = fault !== undefined && "afterBytes" in fault ? fault.afterBytes - stream.sent : Infinity;
      if (left <= 0 && fault?.kind === "hang") return;
      if (piece.length > left) piece = piece.subarray(0, left);
      if (piece.length > 0) stream.response.write(piece);
      stream.sent += piece.length;
      if (piece.length >= left && fault !== undefined) this.#breakOff(stream, fault);
    }
  }

  #breakOff(stream: Stream, fault: Fault): void {
    if (fault.kind === "hang") return;
    this.#streams.delete(stream);
    if (fault.kind === "end") stream.response.end();
    // What was written reaches the reader first: then the connection is gone in the middle of a chunk.
    else setImmediate(() => stream.response.socket?.resetAndDestroy());
  }
}
