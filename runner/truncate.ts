/** Cuts text so that it fits into a number of bytes of JSON. */

/** Bytes of the text inside a JSON string, in UTF-8, escapes counted. */
export function escapedBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}

/** The longest beginning that takes at most `maxBytes` inside a JSON string; never half a character. */
export function truncateEscaped(text: string, maxBytes: number): string {
  // No character takes less than a byte: what lies beyond need not be looked at.
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

/** The same, and "…" at the end says that something is missing. */
export function shorten(text: string, maxBytes: number): string {
  const whole = truncateEscaped(text, maxBytes);
  return whole.length === text.length ? text : `${truncateEscaped(text, maxBytes - Buffer.byteLength("…"))}…`;
}
