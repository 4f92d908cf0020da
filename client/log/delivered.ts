/** Tracks the delivered part of a container's log and verifies it against the runner's lines. */
import { createHash, type Hash } from "node:crypto";
import type { Anchor } from "./anchor.ts";
import type { LineQueue } from "../../kube/line-buffers.ts";
import type { LogEvent } from "./log-event.ts";
import { after, origin, type Position } from "./position.ts";
import { parseRunnerLine } from "./runner-line.ts";

const newline = 10;
/** Number of anchors whose digests are kept, to prove where a replay begins. */
const maxProofs = 256;

export class DeliveredLog {
  #position: Position = origin;
  /** Digest of every byte up to the position; undefined once bytes are missing or unverified. */
  #hash: Hash | undefined = createHash("sha256");
  readonly #proofs = new Map<number, string>();
  /** Number of the last delivered anchor. */
  #lastSeq = 0;
  /** The log's first line. It contains its time, so it is unique. */
  #first: Buffer | undefined;
  #isMidLine = false;

  /** All bytes before it were delivered or reported missing. */
  get position(): Position {
    return this.#position;
  }

  /** True if every byte up to the last anchor was delivered and verified. */
  get isVerified(): boolean {
    return this.#hash !== undefined;
  }

  /** True if the position is inside a line whose beginning was delivered. */
  get isMidLine(): boolean {
    return this.#isMidLine;
  }

  add(line: Buffer, events: LogEvent[], isForged = false): void {
    this.#position = after(this.#position, line);
    this.#hash?.update(line);
    events.push({ kind: "line", line, ...(isForged ? { isForged } : {}) });
  }

  /** Adds unverified lines. The event with their range comes first. */
  addUnverified(lines: readonly Buffer[], events: LogEvent[]): void {
    const from = this.#position;
    const at = events.length;
    for (const line of lines) this.add(line, events);
    this.#reportUnverified(from, events, at);
  }

  /** Adds an unverified part of a line, up to this position. */
  addPart(part: Buffer, to: Position, events: LogEvent[]): void {
    const from = this.#position;
    const at = events.length;
    this.#position = to;
    this.#isMidLine = part.at(-1) !== newline;
    events.push({ kind: "line", line: part, isPart: true });
    this.#reportUnverified(from, events, at);
  }

  skipTo(to: Position, events: LogEvent[]): void {
    events.push({ kind: "missing", from: this.#position, to });
    this.#position = to;
    this.#isMidLine = false;
    this.#hash = undefined;
  }

  #reportUnverified(from: Position, events: LogEvent[], at: number): void {
    if (this.#position.bytes === from.bytes) return;
    this.#hash = undefined;
    events.splice(at, 0, { kind: "unverified", from, to: this.#position });
  }

  /** Records a verified anchor, whose line the caller adds next. */
  recordProof(anchor: Anchor, line: Buffer): void {
    this.#proofs.set(anchor.before.bytes, anchor.sha256);
    if (this.#proofs.size > maxProofs) this.#proofs.delete(this.#proofs.keys().next().value ?? 0);
    this.#lastSeq = anchor.seq;
    if (anchor.subtype === "start") this.#first = line;
  }

  /** Returns true if the anchor's number is higher than the last one: the runner counts upwards. */
  isNewer(anchor: Anchor): boolean {
    return anchor.seq > this.#lastSeq;
  }

  /** Returns true for a line of the runner's form whose number was used already. */
  isOutdated(line: Buffer): boolean {
    const own = parseRunnerLine(line);
    return own !== undefined && own.seq <= this.#lastSeq;
  }

  /** Returns false if a stream that begins with these lines at `start` cannot have the anchor's digest. */
  isConsistent(anchor: Anchor, line: Buffer, start: Position, lines: LineQueue): boolean {
    if (anchor.subtype === "start" && this.#first?.equals(line) === false) return false;
    if (start.bytes < 0 || start.lines < 0) return false;
    const proof = this.#proofs.get(anchor.before.bytes);
    if (proof !== undefined) return proof === anchor.sha256;
    if (anchor.before.bytes < this.#position.bytes || start.bytes > this.#position.bytes) return true;
    if (this.#hash === undefined) return this.isNewer(anchor);
    const hash = this.#hash.copy();
    let at = start.bytes;
    for (const each of lines) {
      if (at >= this.#position.bytes) hash.update(each);
      else if (at + each.length > this.#position.bytes && !this.#isMidLine) return false;
      at += each.length;
    }
    return hash.digest("hex") === anchor.sha256;
  }

  /** Returns true if the anchor at `next`, after these lines, has the counted bytes, lines and digest. */
  matches(anchor: Anchor, next: Position, lines: LineQueue): boolean {
    if (anchor.before.bytes !== next.bytes) return false;
    if (this.#hash === undefined) return this.isNewer(anchor);
    if (anchor.before.lines !== next.lines) return false;
    const hash = this.#hash.copy();
    for (const line of lines) hash.update(line);
    return hash.digest("hex") === anchor.sha256;
  }
}
