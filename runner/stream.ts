/** Cuts a byte stream into lines, whatever the chunks are. Longer lines than the limit pass through in parts. */

/** Lines up to this length in bytes are held and parsed; longer ones are passed on unparsed. */
export const maxParsedLineBytes = 8 * 1024 * 1024;

/** A whole line, or one part of a line that is too long to hold. */
export interface Piece {
  /** With the newline, if the stream had one. */
  readonly bytes: Buffer;
  /** "whole": a line to parse; "part": more of the same line follows; "lastPart": it ends here. */
  readonly kind: "whole" | "part" | "lastPart";
}

const newline = 0x0a;
const carriageReturn = 0x0d;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/** Push chunks as they come; `end` gives what is left without a newline. */
export class LineReader {
  readonly #maxBytes: number;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #overlong = false;

  constructor(maxBytes = maxParsedLineBytes) {
    this.#maxBytes = maxBytes;
  }

  /** The pieces that this chunk completes, in order. */
  push(chunk: Buffer): Piece[] {
    const pieces: Piece[] = [];
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      this.#hold(chunk.subarray(from, at + 1));
      pieces.push(this.#take(true));
      from = at + 1;
    }
    if (from < chunk.length) this.#hold(chunk.subarray(from));
    if (this.#heldBytes > this.#maxBytes) pieces.push(this.#take(false));
    return pieces;
  }

  /** The unterminated last line, if there is one. */
  end(): Piece[] {
    return this.#heldBytes > 0 || this.#overlong ? [this.#take(true)] : [];
  }

  #hold(bytes: Buffer): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }

  #take(endsLine: boolean): Piece {
    const wasOverlong = this.#overlong || this.#heldBytes > this.#maxBytes;
    const [first] = this.#held;
    const bytes = this.#held.length === 1 && first !== undefined ? first : Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    this.#overlong = !endsLine;
    if (!endsLine) return { bytes, kind: "part" };
    return { bytes, kind: wasOverlong ? "lastPart" : "whole" };
  }
}

/** The line's text: broken UTF-8 becomes U+FFFD, a byte order mark and the line's end are left out. */
export function textOfLine(bytes: Buffer): string {
  const start = bytes.subarray(0, 3).equals(byteOrderMark) ? byteOrderMark.length : 0;
  let end = bytes.length;
  if (bytes[end - 1] === newline) end -= bytes[end - 2] === carriageReturn ? 2 : 1;
  return bytes.toString("utf8", start, Math.max(start, end));
}
