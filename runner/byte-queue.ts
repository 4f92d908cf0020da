/**
 * A queue of unwritten bytes, copied into reusable blocks. Keeping the read buffers would save a copy, but would leave
 * gigabytes of small old buffers for a full garbage collection.
 */

const blockBytes = 256 * 1024;
/** Free blocks kept for reuse: the maximum number of queued blocks, so that no block becomes garbage. */
const maxFreeBlocks = 48;

interface Block {
  readonly bytes: Buffer;
  used: number;
}

/** A FIFO queue of bytes. */
export class ByteQueue {
  readonly #blocks: Block[] = [];
  readonly #freeBlocks: Buffer[] = [];

  push(bytes: Buffer): void {
    for (let from = 0; from < bytes.length;) {
      const block = this.#blockWithRoom();
      const copied = bytes.copy(block.bytes, block.used, from);
      block.used += copied;
      from += copied;
    }
  }

  /** Removes and returns the oldest bytes, or undefined. The caller recycles them after writing. */
  take(): Buffer | undefined {
    const block = this.#blocks.shift();
    return block?.bytes.subarray(0, block.used);
  }

  /** Returns the memory of bytes from `take` for reuse. */
  recycle(taken: Buffer): void {
    if (this.#freeBlocks.length < maxFreeBlocks)
      this.#freeBlocks.push(Buffer.from(taken.buffer, taken.byteOffset, blockBytes));
  }

  clear(): void {
    this.#blocks.length = 0;
  }

  #blockWithRoom(): Block {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.used < blockBytes) return last;
    const block = { bytes: this.#freeBlocks.pop() ?? Buffer.allocUnsafeSlow(blockBytes), used: 0 };
    this.#blocks.push(block);
    return block;
  }
}
