/** Estimates the memory of parsed JSON. */

/** Size of a value in an object or list, and of the head of a string. */
const valueBytes = 16;
/** V8 uses two bytes per character if a string has characters beyond Latin-1. */
const characterBytes = 2;

/** Returns an upper estimate in bytes; counting stops beyond `limit`. */
export function heapBytes(json: unknown, limit: number): number {
  const left = [json];
  let bytes = 0;
  while (left.length > 0 && bytes <= limit) {
    const value = left.pop();
    bytes += valueBytes;
    if (typeof value === "string") bytes += value.length * characterBytes;
    else if (Array.isArray(value)) for (const item of value) left.push(item);
    else if (typeof value === "object" && value !== null) for (const pair of Object.entries(value)) left.push(...pair);
  }
  return bytes;
}
