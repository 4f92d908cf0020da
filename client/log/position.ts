/** Positions in a log. A line includes its newline. */

/** Lines and bytes of a container's log before a point. */
export interface Position {
  readonly lines: number;
  readonly bytes: number;
}

/** The position before the first line. */
export const origin: Position = { lines: 0, bytes: 0 };

/** Returns the position after a line that starts here. */
export function after({ lines, bytes }: Position, line: Buffer): Position {
  return { lines: lines + 1, bytes: bytes + line.length };
}

/** Returns the position after a part of a line, with or without its newline. */
export function afterPart({ lines, bytes }: Position, part: Buffer): Position {
  return { lines: lines + (part.at(-1) === 10 ? 1 : 0), bytes: bytes + part.length };
}
