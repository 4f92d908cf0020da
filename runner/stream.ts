/** Splits a byte stream into lines. Lines longer than the limit are passed through in parts. */

/** Lines up to this length in bytes are buffered and parsed; longer ones are passed through unparsed. */
export const maxParsedLineBytes = 8 * 1024 * 1024;

/** A whole line, or one part of an overlong line. */
export interface Piece {
  /** With the newline, if the stream had one. */
  readonly bytes: Buffer;
  /** "whole": a line to parse; "part": more of the line follows; "lastPart": its end. */
  readonly kind: "whole" | "part" | "lastPart";
}

const newline = 0x0a;
const carriageReturn = 0x0d;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/** Splits chunks into pieces; `end` returns the rest without a newline. */
export class LineReader {
  readonly #maxBytes: number;
  #buffered: Buffer[] = [];
  #bufferedBytes = 0;
  #isOverlong = false;

  constructor(maxBytes = maxParsedLineBytes) {
    this.#maxBytes = maxBytes;
  }

  /** Returns the pieces that this chunk completes, in order. */
  push(chunk: Buffer): Piece[] {
    const pieces: Piece[] = [];
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      this.#buffer(chunk.subarray(from, at + 1));
      pieces.push(this.#take(true));
      from = at + 1;
    }
    if (from < chunk.length) this.#buffer(chunk.subarray(from));
    if (this.#bufferedBytes > this.#maxBytes) pieces.push(this.#take(false));
    return pieces;
  }

  /** Returns the unterminated last line, if there is one. */
  end(): Piece[] {
    return this.#bufferedBytes > 0 || this.#isOverlong ? [this.#take(true)] : [];
  }

  #buffer(bytes: Buffer): void {
    this.#buffered.push(bytes);
    this.#bufferedBytes += bytes.length;
  }

  #take(endsLine: boolean): Piece {
    const wasOverlong = this.#isOverlong || this.#bufferedBytes > this.#maxBytes;
    const [first] = this.#buffered;
    const bytes = this.#buffered.length === 1 && first !== undefined ? first : Buffer.concat(this.#buffered);
    this.#buffered = [];
    this.#bufferedBytes = 0;
    this.#isOverlong = !endsLine;
    if (!endsLine) return { bytes, kind: "part" };
    return { bytes, kind: wasOverlong ? "lastPart" : "whole" };
  }
}

/** Returns the line's text without byte order mark and line end; broken UTF-8 becomes U+FFFD. */
export function textOfLine(bytes: Buffer): string {
  const start = bytes.subarray(0, 3).equals(byteOrderMark) ? byteOrderMark.length : 0;
  let end = bytes.length;
  if (bytes[end - 1] === newline) end -= bytes[end - 2] === carriageReturn ? 2 : 1;
  return bytes.toString("utf8", start, Math.max(start, end));
}
