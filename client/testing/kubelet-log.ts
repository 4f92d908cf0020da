/**
 * A kubelet's log endpoint for one container. The log is cut into records that can be rotated away. Its streams can
 * break off anywhere, fall silent, slow down, be rejected, or carry the kubelet's errors.
 */
import type { ServerResponse } from "node:http";
import { failure, sendJson } from "../../kube/testing/responses.ts";

/** A fault of the next stream. */
export type Fault =
  | { readonly kind: "reset"; readonly afterBytes: number }
  | { readonly kind: "end"; readonly afterBytes: number }
  | { readonly kind: "hang"; readonly afterBytes: number }
  | { readonly kind: "kubeletError"; readonly afterRecords: number; readonly text: string }
  | { readonly kind: "reject"; readonly code: number };

interface Stream {
  readonly response: ServerResponse;
  readonly chunkBytes: number;
  fault: Fault | undefined;
  sent: number;
  records: number;
}

export class KubeletLog {
  readonly #streams = new Set<Stream>();
  /** Records of the newest log file. */
  #file: Buffer[] = [];
  #isFinished = false;
  /** Faults of the next streams, in order. */
  readonly faults: Fault[] = [];
  /** Size of the pieces of a stream, in bytes. */
  chunkBytes = 1_000;

  /** Writes records of the container: whole lines or parts of one, as the runtime cuts them. */
  write(...records: readonly Buffer[]): void {
    this.#file.push(...records);
    for (const stream of [...this.#streams]) for (const record of records) this.#send(stream, record);
  }

  /** Begins a new log file; the records of the old one are lost. */
  rotate(): void {
    this.#file = [];
  }

  /** Terminates the container: each stream ends after the last record. */
  finish(): void {
    this.#isFinished = true;
    for (const { response } of this.#streams) response.end();
    this.#streams.clear();
  }

  /** Responds to a request for the log, as an API server passes it on. */
  show(query: URLSearchParams, response: ServerResponse): void {
    const fault = this.faults.shift();
    if (fault?.kind === "reject") {
      sendJson(response, fault.code, failure(fault.code, "rejected by the test").body);
      return;
    }
    response.writeHead(200, { "content-type": "text/plain" });
    response.flushHeaders();
    const stream: Stream = { response, chunkBytes: this.chunkBytes, fault, sent: 0, records: 0 };
    this.#streams.add(stream);
    response.on("close", () => this.#streams.delete(stream)).on("error", () => undefined);
    const tail = Number(query.get("tailLines") ?? Infinity);
    for (const record of this.#file.slice(-Math.min(tail, this.#file.length))) this.#send(stream, record);
    if (this.#isFinished && this.#streams.delete(stream)) response.end();
  }

  #send(stream: Stream, record: Buffer): void {
    const { fault } = stream;
    if (!this.#streams.has(stream)) return;
    if (fault?.kind === "kubeletError" && stream.records === fault.afterRecords) {
      // The kubelet writes its error in place of the remaining log.
      this.#streams.delete(stream);
      stream.response.end(fault.text);
      return;
    }
    stream.records += 1;
    for (let at = 0; at < record.length;) {
      if (!this.#streams.has(stream)) return;
      // After the first thousands, tiny pieces only cost time.
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
    // The reader gets the written bytes before the reset in the middle of a chunk.
    else setImmediate(() => stream.response.socket?.resetAndDestroy());
  }
}
