/**
 * A position in a container's log, exact to the byte, whatever the stream does. The log is read without timestamps:
 * clocks step back, and the kubelet's replay of whole seconds can begin in the middle of a line. The runner's own lines
 * contain the number of bytes before them and their digest. So the cursor can locate every replay and verify it. It
 * delivers whole lines, each once and in order, and reports the exact range of bytes that the kubelet no longer has.
 *
 * claude's lines are JSON and are delivered at once. Any other line may be the kubelet's error in the stream. It and
 * all later lines wait for the next checkpoint, at most 5 s away, which proves that they belong to the log.
 *
 * A container can write without a newline, or stop the runner so that no checkpoint comes. So waiting lines have a
 * memory limit. Above it, lines and parts of lines are delivered unverified, with an event about their range.
 */
import { anchorOf, isJsonLine, type Anchor } from "./anchor.ts";
import { DeliveredLog } from "./delivered.ts";
import type { LogEvent } from "./log-event.ts";
import { PartialLine, LineQueue, wholeCharacters } from "../../kube/line-buffers.ts";
import { after, origin, afterPart, type Position } from "./position.ts";

/** The result of reading a chunk. */
export interface ReadResult {
  readonly events: readonly LogEvent[];
  /** The stream is inconsistent or begins too late: open it again. */
  readonly mustReopen: boolean;
}

/** Stops the reading of a stream; never leaves the cursor. */
class ReopenStream extends Error {}

const newline = 10;
/** Up to this size the whole log is replayed, which is simpler and cheap. */
const replayWholeBytes = 1_048_576;
/** Records to replay of a larger log. The container runtime cuts records at 16 KiB, so this is at most 32 MiB. */
const tailRecords = 2_000;
/** Memory limit for all buffered bytes. */
const maxBufferedBytes = 16 * 1_048_576;
/** Bytes that are added between two checks of the memory limit. */
const stepBytes = 65_536;
/** An inconsistent stream is read again this often before it is accepted. */
const maxRereads = 2;

/** The cursor of one container's log. */
export class LogCursor {
  readonly #delivered = new DeliveredLog();
  #end: Anchor | undefined;
  #rereads = 0;
  #mustReadWhole = false;

  // State of the open stream:
  #startsAtOrigin = true;
  /** Bytes after the last newline. */
  #partialLine = new PartialLine();
  /** Earlier bytes of the line in `#partialLine` were delivered or dropped. */
  #isLineCut = false;
  /** Lines whose position is unknown; undefined once it is known. */
  #unplacedLines: LineQueue | undefined = new LineQueue();
  /** Position of the next line of the stream, once it is known. */
  #next: Position = origin;
  /** Lines that wait for a checkpoint. */
  #unverifiedLines = new LineQueue();

  /** All bytes before it were delivered or reported missing. */
  get position(): Position {
    return this.#delivered.position;
  }

  /** Memory of all buffered bytes, never more than 16 MiB. */
  get bufferedBytes(): number {
    return this.#partialLine.cost + this.#unverifiedLines.cost + (this.#unplacedLines?.cost ?? 0);
  }

  /** True if every byte up to the last anchor was delivered and verified. */
  get isVerified(): boolean {
    return this.#delivered.isVerified;
  }

  /** True once the runner's last line was delivered. */
  get isComplete(): boolean {
    return this.#end !== undefined;
  }

  /** The runner's last line, once it was verified; undefined before. */
  get end(): Anchor | undefined {
    return this.#end;
  }

  /** Starts a new stream and returns its query. Drops the unverified lines of the last one. */
  startStream(): Record<string, string> {
    this.#startsAtOrigin = this.#mustReadWhole || this.#delivered.position.bytes < replayWholeBytes;
    this.#partialLine = new PartialLine();
    this.#unplacedLines = new LineQueue();
    this.#isLineCut = false;
    this.#unverifiedLines = new LineQueue();
    return this.#startsAtOrigin ? {} : { tailLines: String(tailRecords) };
  }

  /** Reads bytes of the open stream. Returns the events to deliver. */
  push(chunk: Buffer): ReadResult {
    const events: LogEvent[] = [];
    try {
      this.#takeLines(chunk, events);
    } catch (error) {
      if (!(error instanceof ReopenStream)) throw error;
      return { events, mustReopen: true };
    }
    return { events, mustReopen: false };
  }

  /** Returns all waiting lines as unverified, because no stream will follow. */
  flush(): readonly LogEvent[] {
    const events: LogEvent[] = [];
    if (this.#end === undefined) this.#releaseMemory(events, 0);
    return events;
  }

  #takeLines(chunk: Buffer, events: LogEvent[]): void {
    let start = 0;
    for (let at = chunk.indexOf(newline); at >= 0 && !this.#end; at = chunk.indexOf(newline, start)) {
      // One chunk can be larger than the memory limit.
      for (; at - start > stepBytes; start += stepBytes) this.#buffer(chunk.subarray(start, start + stepBytes), events);
      const line = this.#partialLine.takeWith(chunk.subarray(start, at + 1));
      start = at + 1;
      if (this.#isLineCut) this.#finishCutLine(line, events);
      else this.#takeLine(line, events);
      this.#releaseMemory(events, maxBufferedBytes - 2 * stepBytes);
    }
    for (; start < chunk.length && !this.#end; start += stepBytes)
      this.#buffer(chunk.subarray(start, start + stepBytes), events);
  }

  #buffer(bytes: Buffer, events: LogEvent[]): void {
    this.#partialLine.append(bytes);
    this.#releaseMemory(events, maxBufferedBytes - 2 * stepBytes);
  }

  /** Delivers or drops buffered bytes until they take at most this much memory. */
  #releaseMemory(events: LogEvent[], bytes: number): void {
    if (this.#unplacedLines !== undefined && this.bufferedBytes > bytes) {
      if (this.#delivered.position.bytes > 0) {
        // Some of these lines may have been delivered before: read on as if the stream began later.
        this.#unplacedLines = new LineQueue();
        if (this.bufferedBytes > bytes) this.#cutPartialLine();
        return;
      }
      const lines = this.#unplacedLines.take();
      this.#unplacedLines = undefined;
      this.#next = origin;
      for (const line of lines) this.#next = after(this.#next, line);
      this.#delivered.addUnverified(lines, events);
    }
    if (this.#unverifiedLines.length > 0 && this.bufferedBytes > bytes)
      this.#delivered.addUnverified(this.#unverifiedLines.take(), events);
    if (this.#partialLine.length > 0 && this.bufferedBytes > bytes) this.#deliverPart(this.#cutPartialLine(), events);
  }

  /** Removes and returns the beginning of the line that is being read. */
  #cutPartialLine(): Buffer {
    const bytes = this.#partialLine.takeWith(Buffer.alloc(0));
    const whole = wholeCharacters(bytes) || bytes.length;
    if (whole < bytes.length) this.#partialLine.append(bytes.subarray(whole));
    this.#isLineCut = true;
    return bytes.subarray(0, whole);
  }

  /** Handles the end of a line whose beginning was delivered or dropped. */
  #finishCutLine(bytes: Buffer, events: LogEvent[]): void {
    this.#isLineCut = false;
    if (this.#unplacedLines === undefined) this.#deliverPart(bytes, events);
  }

  /** Delivers the part of a located line that was not delivered before. */
  #deliverPart(bytes: Buffer, events: LogEvent[]): void {
    const start = this.#next.bytes;
    this.#next = afterPart(this.#next, bytes);
    const part = bytes.subarray(Math.max(0, this.#delivered.position.bytes - start));
    if (part.length > 0) this.#delivered.addPart(part, this.#next, events);
  }

  #takeLine(line: Buffer, events: LogEvent[]): void {
    if (this.#unplacedLines === undefined) {
      this.#process(line, events);
      return;
    }
    const anchor = anchorOf(line);
    const isPlaced = anchor !== undefined && this.#locate(anchor, line, events);
    this.#unplacedLines.push(line);
    if (!isPlaced) return;
    const placed = this.#unplacedLines.take();
    this.#unplacedLines = undefined;
    for (const each of placed) this.#process(each, events);
  }

  /** Locates the stream by its first anchor and the lines before it. Returns false if the anchor cannot be genuine. */
  #locate(anchor: Anchor, line: Buffer, events: LogEvent[]): boolean {
    const lines = this.#unplacedLines ?? new LineQueue();
    const start = {
      lines: anchor.before.lines - lines.length,
      bytes: anchor.before.bytes - lines.bytes,
    };
    if (!this.#delivered.isConsistent(anchor, line, start, lines)) return false;
    if (start.bytes > this.#delivered.position.bytes) {
      if (!this.#startsAtOrigin) {
        this.#mustReadWhole = true;
        throw new ReopenStream("the tail begins after what was read");
      }
      this.#delivered.skipTo(start, events);
    }
    this.#mustReadWhole = false;
    this.#next = start;
    return true;
  }

  /** Delivers a located line, unless it was delivered before. */
  #process(line: Buffer, events: LogEvent[]): void {
    if (this.#next.bytes < this.#delivered.position.bytes) {
      if (this.#delivered.isMidLine && this.#next.bytes + line.length > this.#delivered.position.bytes) {
        this.#deliverPart(line, events);
        return;
      }
      this.#next = after(this.#next, line);
      if (this.#next.bytes > this.#delivered.position.bytes)
        this.#distrust("a line lies across what was delivered", events);
      return;
    }
    const anchor = anchorOf(line);
    if (anchor !== undefined) {
      this.#verify(anchor, line, events);
      return;
    }
    this.#next = after(this.#next, line);
    if (this.#unverifiedLines.length > 0 || !isJsonLine(line)) this.#unverifiedLines.push(line);
    else this.#delivered.add(line, events, this.#delivered.isOutdated(line));
  }

  #verify(anchor: Anchor, line: Buffer, events: LogEvent[]): void {
    if (!this.#delivered.matches(anchor, this.#next, this.#unverifiedLines)) {
      this.#handleMismatch(anchor, line, events);
      return;
    }
    for (const each of this.#unverifiedLines.take()) this.#delivered.add(each, events);
    this.#rereads = 0;
    this.#delivered.recordProof(anchor, line);
    this.#next = after(this.#next, line);
    this.#delivered.add(line, events);
    if (anchor.subtype === "end") this.#end = anchor;
  }

  /**
   * Handles an anchor that differs from the counted position or digest. Waiting lines may be the kubelet's, so the
   * stream is read again. If the difference remains, lines are missing, or the agent wrote the anchor.
   */
  #handleMismatch(anchor: Anchor, line: Buffer, events: LogEvent[]): void {
    if (this.#unverifiedLines.length > 0 && this.#rereads < maxRereads) {
      this.#rereads += 1;
      throw new ReopenStream("lines that wait for proof do not belong to the log");
    }
    const isLoss = anchor.before.bytes > this.#next.bytes && this.#delivered.isNewer(anchor);
    for (const each of this.#unverifiedLines.take()) this.#delivered.add(each, events);
    if (isLoss) {
      this.#delivered.skipTo(anchor.before, events);
      this.#next = anchor.before;
      this.#verify(anchor, line, events);
      return;
    }
    this.#next = after(this.#next, line);
    // If bytes are missing or unverified, it cannot be proven that the line is forged.
    this.#delivered.add(line, events, this.#delivered.isVerified);
  }

  /** Reads the stream again, and accepts it if it stays the same. */
  #distrust(why: string, events: LogEvent[]): void {
    this.#rereads += 1;
    this.#mustReadWhole = true;
    if (this.#rereads <= maxRereads) throw new ReopenStream(why);
    this.#rereads = 0;
    this.#delivered.skipTo(this.#next, events);
  }
}
