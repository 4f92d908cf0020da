/** Lines of a byte stream, as a watch sends them. */

export interface Line {
  readonly text: string;
  /** It was longer than it may be: `text` is no more than its start. */
  readonly isCut: boolean;
  /** Its whole length, in characters. */
  readonly length: number;
}

/** As much of a line that is too long as tells whose it is. */
const keptOfCut = 4_096;

/** Every complete line; what stands after the last newline was broken off and is dropped. `maxLength` is in characters. */
export async function* lines(body: AsyncIterable<Uint8Array>, maxLength: number): AsyncGenerator<Line> {
  const decoder = new TextDecoder();
  let rest = "";
  let length = 0;
  const add = (text: string): void => {
    length += text.length;
    if (length <= maxLength) rest += text;
    // Joined and cut again in bytes of its own: a slice would keep the whole text in memory.
    else if (rest.length > keptOfCut) rest = Buffer.from(rest.slice(0, keptOfCut)).toString();
    else if (rest.length < keptOfCut) rest += text.slice(0, keptOfCut - rest.length);
  };
  for await (const chunk of body) {
    const text = decoder.decode(chunk, { stream: true });
    let start = 0;
    // Only the new text is searched: an object of a megabyte comes in a hundred chunks.
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      add(text.slice(start, end));
      yield { text: rest, isCut: length > maxLength, length };
      rest = "";
      length = 0;
      start = end + 1;
    }
    add(text.slice(start));
  }
}
