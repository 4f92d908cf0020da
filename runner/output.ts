/**
 * The only writer to the container's stdout: whole lines, one at a time, counted and hashed. The runtime cuts lines at
 * 16 KiB and interleaves concurrent writers inside them, so nothing else may write there, and nothing goes to stderr.
 */
import { createHash } from "node:crypto";
import { ByteQueue } from "./byte-queue.ts";
import type { RunReport, RunnerLine } from "./contract.ts";
import type { Piece } from "./stream.ts";

/** What was written so far. */
export type LogDigest = RunReport["log"];
/** Writes bytes to a file descriptor; resolves to how many the system took. */
export type WriteBytes = (bytes: Buffer) => Promise<number>;
type WithoutFrame<T> = T extends unknown ? Omit<T, "type" | "seq"> : never;
/** A line of our own, without what every such line has. */
export type OwnLine = WithoutFrame<RunnerLine>;

/**
 * Above this many unwritten bytes the sources are to pause. Far above what a slow reader leaves: at its exit the CLI
 * waits only some seconds for its stdout to be read, and then throws the rest away, its result included. Not more,
 * because what was read and written is in memory beside it until the next garbage collection: all within 128 MiB.
 */
const highWaterBytes = 12 * 1024 * 1024;
const newline = Buffer.from("\n");

/** A queue in front of stdout: writing never blocks the watchdogs, even if nobody reads the log. */
export class Output {
  readonly #write: WriteBytes;
  readonly #hash = createHash("sha256");
  readonly #heldBack: OwnLine[] = [];
  readonly #queue = new ByteQueue();
  #queuedBytes = 0;
  #pumping: Promise<void> | undefined;
  #lines = 0;
  #bytes = 0;
  #seq = 0;
  #insideLine = false;
  #broken = false;

  constructor(write: WriteBytes) {
    this.#write = write;
  }

  /** Passes a piece of claude's stdout on, unchanged. */
  pass(piece: Piece): void {
    this.#append(piece.bytes);
    this.#insideLine = piece.kind === "part";
    if (this.#insideLine) return;
    if (piece.bytes.at(-1) !== newline[0]) this.#append(newline);
    this.#lines++;
    for (const line of this.#heldBack.splice(0)) this.#appendOwn(line);
  }

  /** Adds a line of our own; inside a line that is too long to hold, it waits for that line's end. */
  own(line: OwnLine): void {
    if (this.#insideLine) this.#heldBack.push(line);
    else this.#appendOwn(line);
  }

  /** Adds a line that carries the digest of all before it; left out inside a line that is too long to hold. */
  checkpoint(line: (digest: LogDigest) => OwnLine): void {
    if (!this.#insideLine) this.#appendOwn(line(this.digest()));
  }

  /** Everything that was handed over before this moment. */
  digest(): LogDigest {
    return { lines: this.#lines, bytes: this.#bytes, sha256: this.#hash.copy().digest("hex") };
  }

  /** How many bytes were handed over. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many bytes still wait for a reader. */
  get waitingBytes(): number {
    return this.#queuedBytes;
  }

  /** True if more is waiting than should: pause the sources and await `drained`. */
  get full(): boolean {
    return this.#queuedBytes > highWaterBytes;
  }

  /** Resolves when everything handed over so far has been written, or can no longer be written at all. */
  async drained(): Promise<void> {
    while (this.#pumping !== undefined) await this.#pumping;
  }

  #appendOwn(line: OwnLine): void {
    this.#seq++;
    this.#append(Buffer.from(`${JSON.stringify({ type: "runner", ...line, seq: this.#seq })}\n`));
    this.#lines++;
  }

  #append(bytes: Buffer): void {
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    if (this.#broken) return;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#pumping ??= this.#pump();
  }

  async #pump(): Promise<void> {
    // Give the caller's other lines the chance to go out in the same write.
    await Promise.resolve();
    for (let block = this.#queue.take(); block !== undefined; block = this.#queue.take()) {
      await this.#writeAll(block);
      this.#queue.handBack(block);
    }
    this.#pumping = undefined;
  }

  async #writeAll(block: Buffer): Promise<void> {
    let rest = block;
    while (rest.length > 0 && !this.#broken) {
      try {
        const written = await this.#write(rest);
        rest = rest.subarray(written);
        this.#queuedBytes -= written;
      } catch {
        // Nobody can read the log any more (EPIPE): claude's work and its result still matter.
        this.#broken = true;
        this.#queue.clear();
        this.#queuedBytes = 0;
      }
    }
  }
}
