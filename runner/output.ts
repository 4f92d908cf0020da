/**
 * The only writer to the container's stdout: whole lines, one at a time, counted and hashed. The runtime splits
 * lines at 16 KiB and interleaves concurrent writers, so nothing else may write to stdout, and nothing is written
 * to stderr.
 */
import { createHash } from "node:crypto";
import { ByteQueue } from "./byte-queue.ts";
import type { RunReport, RunnerLine } from "./contract.ts";
import type { Piece } from "./stream.ts";

/** Digest of the log so far. */
export type LogDigest = RunReport["log"];
/** Writes bytes to a file descriptor; resolves to the number of bytes written. */
export type WriteBytes = (bytes: Buffer) => Promise<number>;
type WithoutFrame<T> = T extends unknown ? Omit<T, "type" | "seq"> : never;
/** A runner line without the fields that every runner line has. */
export type RunnerLineBody = WithoutFrame<RunnerLine>;

/**
 * Sources pause above this many unwritten bytes. High enough for a slow reader: at its exit the CLI waits only a few
 * seconds for its stdout and then discards the rest with its result. Low enough for 128 MiB of memory, because buffers
 * stay in memory until the next garbage collection.
 */
const highWaterBytes = 12 * 1024 * 1024;
const newline = Buffer.from("\n");

/** A queue in front of stdout, so that an unread log never blocks the watchdogs. */
export class Output {
  readonly #write: WriteBytes;
  readonly #hash = createHash("sha256");
  readonly #deferredLines: RunnerLineBody[] = [];
  readonly #queue = new ByteQueue();
  #queuedBytes = 0;
  #pumping: Promise<void> | undefined;
  #lines = 0;
  #bytes = 0;
  #seq = 0;
  #isInsideLine = false;
  #isBroken = false;

  constructor(write: WriteBytes) {
    this.#write = write;
  }

  /** Writes a piece of claude's stdout unchanged. */
  writeClaude(piece: Piece): void {
    this.#append(piece.bytes);
    this.#isInsideLine = piece.kind === "part";
    if (this.#isInsideLine) return;
    if (piece.bytes.at(-1) !== newline[0]) this.#append(newline);
    this.#lines++;
    for (const line of this.#deferredLines.splice(0)) this.#appendRunnerLine(line);
  }

  /** Adds a runner line; inside an overlong line of claude it is deferred until that line ends. */
  writeRunnerLine(line: RunnerLineBody): void {
    if (this.#isInsideLine) this.#deferredLines.push(line);
    else this.#appendRunnerLine(line);
  }

  /** Adds a line with the digest of everything before it; omitted inside an overlong line. */
  checkpoint(line: (digest: LogDigest) => RunnerLineBody): void {
    if (!this.#isInsideLine) this.#appendRunnerLine(line(this.digest()));
  }

  /** Returns the digest of everything added so far. */
  digest(): LogDigest {
    return { lines: this.#lines, bytes: this.#bytes, sha256: this.#hash.copy().digest("hex") };
  }

  /** Bytes added so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes not written yet. */
  get waitingBytes(): number {
    return this.#queuedBytes;
  }

  /** True above the high-water mark: pause the sources and await `drained`. */
  get isFull(): boolean {
    return this.#queuedBytes > highWaterBytes;
  }

  /** Resolves when everything added so far has been written or can no longer be written. */
  async drained(): Promise<void> {
    while (this.#pumping !== undefined) await this.#pumping;
  }

  #appendRunnerLine(line: RunnerLineBody): void {
    this.#seq++;
    this.#append(Buffer.from(`${JSON.stringify({ type: "runner", ...line, seq: this.#seq })}\n`));
    this.#lines++;
  }

  #append(bytes: Buffer): void {
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    if (this.#isBroken) return;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#pumping ??= this.#pump();
  }

  async #pump(): Promise<void> {
    // Lets other lines of the caller join the same write.
    await Promise.resolve();
    for (let block = this.#queue.take(); block !== undefined; block = this.#queue.take()) {
      await this.#writeAll(block);
      this.#queue.recycle(block);
    }
    this.#pumping = undefined;
  }

  async #writeAll(block: Buffer): Promise<void> {
    let rest = block;
    while (rest.length > 0 && !this.#isBroken) {
      try {
        const written = await this.#write(rest);
        rest = rest.subarray(written);
        this.#queuedBytes -= written;
      } catch {
        // EPIPE: the log has no reader any more, but claude's work and result still matter.
        this.#isBroken = true;
        this.#queue.clear();
        this.#queuedBytes = 0;
      }
    }
  }
}
