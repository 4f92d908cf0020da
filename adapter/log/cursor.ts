/**
 * Where we are in a container's log, exact to the byte, whatever the stream does. The log is read without timestamps:
 * clocks step back, and the kubelet's replay of whole seconds may begin in the middle of a line. The runner's own lines say how
 * many bytes lie before them and give their digest; so every replay is laid on top of what we have by arithmetic, and
 * proven. What is delivered is whole lines, each once, in order; a range that nobody can show any more is told exactly.
 *
 * claude's lines are JSON and are delivered at once. A line that is not may be the kubelet's (it writes its errors into
 * the stream): it and what follows wait for the next checkpoint, at most 5 s away, to prove that they belong to the log.
 */
import { createHash, type Hash } from "node:crypto";
import { anchorOf, isJsonLine, type Anchor } from "./anchor.ts";
import type { LogEvent } from "./log-event.ts";
import { after, origin, sizeOf, type Position } from "./position.ts";

/** What a chunk has brought. */
export interface Taken {
  readonly events: readonly LogEvent[];
  /** The stream can't be believed or does not reach back far enough: open it again. */
  readonly mustReopen: boolean;
}

/** Breaks off the reading of a stream; never leaves the cursor. */
class Reopen extends Error {}

const newline = 10;
/** Below this a replay of everything costs less than an error in thinking. */
const replayWholeBytes = 1_048_576;
/** Records of the container runtime, which cuts lines at 16 KiB: at most 32 MiB. */
const tailRecords = 2_000;
/** Digests of so many anchors are kept, to prove where a replay begins. */
const keptProofs = 256;
/** A stream that contradicts itself is read again so often before it is believed. */
const maxDoubts = 2;

/** One container's log. Not for a second container: make another. */
export class LogCursor {
  /** Delivered, or skipped as missing. */
  #position: Position = origin;
  /** Digest of every byte up to the position; undefined once bytes are missing. */
  #hash: Hash | undefined = createHash("sha256");
  readonly #proofs = new Map<number, string>();
  /** The last anchor that was delivered: what a loss is counted from. */
  #lastSeq = 0;
  #end: Anchor | undefined;
  /** The log's first line: with its time in it, none is like it. */
  #first: Buffer | undefined;
  #doubts = 0;
  #mustReadWhole = false;

  // Of the stream that is open:
  #isWhole = true;
  /** Bytes after the last newline. */
  #rest: Buffer[] = [];
  /** Lines whose place is not known yet; undefined once it is. */
  #unplaced: Buffer[] | undefined = [];
  /** Where the next line of the stream stands, once it is known. */
  #next: Position = origin;
  /** Lines that wait for proof. */
  #held: Buffer[] = [];

  /** Everything before it was delivered or reported missing. */
  get position(): Position {
    return this.#position;
  }

  /** True if every byte up to the last proof was delivered. */
  get isWhole(): boolean {
    return this.#hash !== undefined;
  }

  /** True once the runner's last line was delivered: there is nothing more. */
  get isComplete(): boolean {
    return this.#end !== undefined;
  }

  /** The runner's last line, once it and with it the whole log is proven. */
  get end(): Anchor | undefined {
    return this.#end;
  }

  /** A stream is about to be opened: returns its query. What the last one left unproven is forgotten. */
  begin(): Record<string, string> {
    this.#isWhole = this.#mustReadWhole || this.#position.bytes < replayWholeBytes;
    this.#rest = [];
    this.#unplaced = [];
    this.#held = [];
    return this.#isWhole ? {} : { tailLines: String(tailRecords) };
  }

  /** Takes bytes of the open stream. */
  take(chunk: Buffer): Taken {
    const events: LogEvent[] = [];
    try {
      this.#takeLines(chunk, events);
    } catch (error) {
      if (!(error instanceof Reopen)) throw error;
      return { events, mustReopen: true };
    }
    return { events, mustReopen: false };
  }

  #takeLines(chunk: Buffer, events: LogEvent[]): void {
    let start = 0;
    for (let at = chunk.indexOf(newline); at >= 0 && !this.#end; at = chunk.indexOf(newline, start)) {
      const line = Buffer.concat([...this.#rest, chunk.subarray(start, at + 1)]);
      this.#rest = [];
      start = at + 1;
      this.#takeLine(line, events);
    }
    if (start < chunk.length) this.#rest.push(Buffer.from(chunk.subarray(start)));
  }

  #takeLine(line: Buffer, events: LogEvent[]): void {
    if (this.#unplaced === undefined) {
      this.#follow(line, events);
      return;
    }
    const anchor = anchorOf(line);
    const isPlaced = anchor !== undefined && this.#place(anchor, line, events);
    this.#unplaced.push(line);
    if (!isPlaced) return;
    const placed = this.#unplaced;
    this.#unplaced = undefined;
    for (const each of placed) this.#follow(each, events);
  }

  /** Finds out where the stream begins, from the first anchor in it and the lines before; false if it can't be true. */
  #place(anchor: Anchor, line: Buffer, events: LogEvent[]): boolean {
    const lines = this.#unplaced ?? [];
    if (anchor.subtype === "start" && this.#first?.equals(line) === false) return false;
    const start = {
      lines: anchor.before.lines - lines.length,
      bytes: anchor.before.bytes - sizeOf(lines),
    };
    if (start.bytes < 0 || start.lines < 0 || !this.#isPossible(anchor, start, lines)) return false;
    if (start.bytes > this.#position.bytes) {
      if (!this.#isWhole) {
        this.#mustReadWhole = true;
        throw new Reopen("the tail begins after what was read");
      }
      this.#skipTo(start, events);
    }
    this.#mustReadWhole = false;
    this.#next = start;
    return true;
  }

  /** Whether what we have and these lines together have the anchor's digest, as far as that can be told. */
  #isPossible(anchor: Anchor, start: Position, lines: readonly Buffer[]): boolean {
    const proof = this.#proofs.get(anchor.before.bytes);
    if (proof !== undefined) return proof === anchor.sha256;
    if (anchor.before.bytes < this.#position.bytes || start.bytes > this.#position.bytes) return true;
    if (this.#hash === undefined) return anchor.seq > this.#lastSeq;
    const hash = this.#hash.copy();
    let at = start.bytes;
    for (const line of lines) {
      if (at >= this.#position.bytes) hash.update(line);
      else if (at + line.length > this.#position.bytes) return false;
      at += line.length;
    }
    return hash.digest("hex") === anchor.sha256;
  }

  /** A line whose place is known: delivered, unless we have it already. */
  #follow(line: Buffer, events: LogEvent[]): void {
    if (this.#next.bytes < this.#position.bytes) {
      this.#next = after(this.#next, line);
      if (this.#next.bytes > this.#position.bytes) this.#doubt("a line lies across what was delivered", events);
      return;
    }
    const anchor = anchorOf(line);
    if (anchor !== undefined) {
      this.#prove(anchor, line, events);
      return;
    }
    this.#next = after(this.#next, line);
    if (this.#held.length > 0 || !isJsonLine(line)) this.#held.push(line);
    else this.#deliver(line, events);
  }

  #prove(anchor: Anchor, line: Buffer, events: LogEvent[]): void {
    if (!this.#agrees(anchor)) {
      this.#contradicted(anchor, line, events);
      return;
    }
    for (const each of this.#held) this.#deliver(each, events);
    this.#held = [];
    this.#doubts = 0;
    this.#proofs.set(anchor.before.bytes, anchor.sha256);
    if (this.#proofs.size > keptProofs) this.#proofs.delete(this.#proofs.keys().next().value ?? 0);
    this.#lastSeq = anchor.seq;
    if (anchor.subtype === "start") this.#first = line;
    this.#next = after(this.#next, line);
    this.#deliver(line, events);
    if (anchor.subtype === "end") this.#end = anchor;
  }

  #agrees(anchor: Anchor): boolean {
    if (anchor.before.bytes !== this.#next.bytes) return false;
    if (this.#hash === undefined) return anchor.seq > this.#lastSeq;
    if (anchor.before.lines !== this.#next.lines) return false;
    const hash = this.#hash.copy();
    for (const line of this.#held) hash.update(line);
    return hash.digest("hex") === anchor.sha256;
  }

  /**
   * The anchor says something else than we have counted. If lines wait for proof they may be the kubelet's: the stream is
   * read again. If it says so again, lines are missing (it counts more than we) or the line is none of the runner's.
   */
  #contradicted(anchor: Anchor, line: Buffer, events: LogEvent[]): void {
    if (this.#held.length > 0 && this.#doubts < maxDoubts) {
      this.#doubts += 1;
      throw new Reopen("lines that wait for proof do not belong to the log");
    }
    const isLoss = anchor.before.bytes > this.#next.bytes && anchor.seq > this.#lastSeq;
    for (const each of this.#held) this.#deliver(each, events);
    this.#held = [];
    if (isLoss) {
      this.#skipTo(anchor.before, events);
      this.#next = anchor.before;
      this.#prove(anchor, line, events);
      return;
    }
    this.#next = after(this.#next, line);
    this.#deliver(line, events);
  }

  /** The stream is not what it seemed; it is read again, and believed if it insists. */
  #doubt(why: string, events: LogEvent[]): void {
    this.#doubts += 1;
    this.#mustReadWhole = true;
    if (this.#doubts <= maxDoubts) throw new Reopen(why);
    this.#doubts = 0;
    this.#skipTo(this.#next, events);
  }

  #skipTo(to: Position, events: LogEvent[]): void {
    events.push({ kind: "missing", from: this.#position, to });
    this.#position = to;
    this.#hash = undefined;
  }

  #deliver(line: Buffer, events: LogEvent[]): void {
    this.#position = after(this.#position, line);
    this.#hash?.update(line);
    events.push({ kind: "line", line });
  }
}
