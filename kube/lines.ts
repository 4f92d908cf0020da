/** Splits a byte stream into lines, in linear time and with bounded memory. */
import { PartialLine } from "./line-buffers.ts";

export interface Line {
  /** Without the newline. Only the start of a line that is cut. */
  readonly bytes: Buffer;
  /** True for a line that is longer than allowed. */
  readonly isCut: boolean;
  /** Length of the whole line. */
  readonly lengthBytes: number;
}

/** The start of a cut line: enough to identify its object. */
const keptBytes = 4_096;

/** Yields all complete lines. Drops the bytes after the last newline, because the stream broke off. */
export async function* lines(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Line> {
  const partial = new PartialLine();
  let cut: { start: Buffer; lengthBytes: number } | undefined;
  const append = (bytes: Buffer): void => {
    if (cut !== undefined) {
      cut.lengthBytes += bytes.length;
      return;
    }
    partial.append(bytes);
    if (partial.length <= maxBytes) return;
    const lengthBytes = partial.length;
    // A copy: a slice would keep the whole line in memory.
    cut = { start: Buffer.from(partial.takeWith(Buffer.alloc(0)).subarray(0, keptBytes)), lengthBytes };
  };
  for await (const chunk of chunks) {
    let start = 0;
    // Searches only the new bytes: an object of a megabyte comes in a hundred chunks.
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const last = chunk.subarray(start, end);
      start = end + 1;
      if (cut === undefined && partial.length + last.length <= maxBytes) {
        const bytes = partial.takeWith(last);
        yield { bytes, isCut: false, lengthBytes: bytes.length };
        continue;
      }
      append(last);
      const { start: kept, lengthBytes } = cut ?? { start: Buffer.alloc(0), lengthBytes: 0 };
      cut = undefined;
      yield { bytes: kept, isCut: true, lengthBytes };
    }
    if (start < chunk.length) append(chunk.subarray(start));
  }
}
