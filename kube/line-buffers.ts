/** Buffers for lines that count the memory they use; many small pieces cost more than their bytes. */

/** Cost of one line in addition to its bytes: two objects and a buffer of its own. */
const lineOverhead = 512;
const blockBytes = 65_536;
const smallBlockBytes = 4_096;

/** A queue of whole lines. Copies each line, so that a short line does not keep a large chunk alive. */
export class LineQueue {
  #lines: Buffer[] = [];
  #bytes = 0;

  get length(): number {
    return this.#lines.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Upper bound of the memory in bytes. */
  get cost(): number {
    return this.#bytes + this.#lines.length * lineOverhead;
  }

  push(line: Buffer): void {
    const own = Buffer.allocUnsafeSlow(line.length);
    line.copy(own);
    this.#lines.push(own);
    this.#bytes += own.length;
  }

  /** Removes and returns all lines. */
  take(): readonly Buffer[] {
    const lines = this.#lines;
    this.#lines = [];
    this.#bytes = 0;
    return lines;
  }

  [Symbol.iterator](): Iterator<Buffer> {
    return this.#lines.values();
  }
}

/** The beginning of a line. Appending single bytes costs no more than appending all at once. */
export class PartialLine {
  #blocks: Buffer[] = [];
  /** Free bytes at the end of the last block. */
  #free = 0;
  #length = 0;
  #cost = 0;

  get length(): number {
    return this.#length;
  }

  /** Upper bound of the memory in bytes. */
  get cost(): number {
    return this.#cost;
  }

  append(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#free === 0) this.#grow(bytes.length - at);
      const block = this.#blocks.at(-1) ?? Buffer.alloc(0);
      const copied = bytes.copy(block, block.length - this.#free, at);
      at += copied;
      this.#free -= copied;
      this.#length += copied;
    }
  }

  /** Removes and returns all bytes, followed by the given bytes. */
  takeWith(bytes: Buffer): Buffer {
    if (this.#length === 0) return bytes;
    const last = this.#blocks.length - 1;
    const parts = this.#blocks.map((block, n) => (n === last ? block.subarray(0, block.length - this.#free) : block));
    this.#blocks = [];
    this.#free = this.#length = this.#cost = 0;
    return Buffer.concat([...parts, bytes]);
  }

  #grow(wanted: number): void {
    const size = Math.min(blockBytes, Math.max(smallBlockBytes, wanted, this.#length));
    this.#blocks.push(Buffer.allocUnsafeSlow(size));
    this.#free = size;
    this.#cost += size;
  }
}

/** Returns the number of leading bytes that end with a complete UTF-8 character. */
export function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes.length;
    if (byte < 0xc0) continue;
    const wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return wanted > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
