/**
 * Bytes that wait to be written, copied into blocks that are used again. Holding on to what was read would be cheaper
 * by one copy, but then gigabytes of small buffers grow old and wait for a full garbage collection.
 */

const blockBytes = 256 * 1024;
/** So many empty blocks are kept for the next bytes: as many as wait at most, so that none becomes garbage. */
const keptBlocks = 48;

interface Block {
  readonly bytes: Buffer;
  used: number;
}

/** First in, first out; in blocks. */
export class ByteQueue {
  readonly #blocks: Block[] = [];
  readonly #empty: Buffer[] = [];

  push(bytes: Buffer): void {
    for (let from = 0; from < bytes.length;) {
      const block = this.#blockWithRoom();
      const copied = bytes.copy(block.bytes, block.used, from);
      block.used += copied;
      from += copied;
    }
  }

  /** The oldest bytes, or undefined; the caller hands them back when they are written. */
  take(): Buffer | undefined {
    const block = this.#blocks.shift();
    return block?.bytes.subarray(0, block.used);
  }

  /** What `take` gave is not needed any more. */
  handBack(taken: Buffer): void {
    if (this.#empty.length < keptBlocks) this.#empty.push(Buffer.from(taken.buffer, taken.byteOffset, blockBytes));
  }

  clear(): void {
    this.#blocks.length = 0;
  }

  #blockWithRoom(): Block {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.used < blockBytes) return last;
    const block = { bytes: this.#empty.pop() ?? Buffer.allocUnsafeSlow(blockBytes), used: 0 };
    this.#blocks.push(block);
    return block;
  }
}
