/** Lines of a byte stream, as a watch sends them. */

/** Every complete line; what stands after the last newline was broken off and is dropped. */
export async function* lines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const text = decoder.decode(chunk, { stream: true });
    let start = 0;
    // Only the new text is searched: an object of a megabyte comes in a hundred chunks.
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      yield rest + text.slice(start, end);
      rest = "";
      start = end + 1;
    }
    rest += text.slice(start);
  }
}
