/** Cuts text to a number of bytes of JSON. */

/** Returns the length of the text inside a JSON string, in bytes of UTF-8 with escapes. */
export function escapedBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}

/** Returns the longest prefix of at most `maxBytes` inside a JSON string, without a split character. */
export function truncateEscaped(text: string, maxBytes: number): string {
  // A character takes at least one byte, which bounds the scan.
  if (text.length <= maxBytes && escapedBytes(text) <= maxBytes) return text;
  let bytes = 0;
  let end = 0;
  for (const character of text.slice(0, maxBytes + 1)) {
    bytes += escapedBytes(character);
    if (bytes > maxBytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** Like truncateEscaped, with "…" at the end of a cut text. */
export function shorten(text: string, maxBytes: number): string {
  const whole = truncateEscaped(text, maxBytes);
  return whole.length === text.length ? text : `${truncateEscaped(text, maxBytes - Buffer.byteLength("…"))}…`;
}
