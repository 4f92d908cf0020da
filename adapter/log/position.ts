/** Places in a log, and the arithmetic on them. A line includes its newline. */

/** How much of a container's log lies before a point. */
export interface Position {
  readonly lines: number;
  readonly bytes: number;
}

/** Before the first line. */
export const origin: Position = { lines: 0, bytes: 0 };

/** The place behind a line that stands here. */
export function after({ lines, bytes }: Position, line: Buffer): Position {
  return { lines: lines + 1, bytes: bytes + line.length };
}

/** Bytes of these lines together. */
export function sizeOf(lines: readonly Buffer[]): number {
  return lines.reduce((sum, line) => sum + line.length, 0);
}
