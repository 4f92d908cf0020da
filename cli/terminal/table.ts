/** Tables as kubectl prints them. On a narrow terminal, columns with a `minWidth` are cut. */
import { cellWidth, cut, pad } from "./cells.ts";
import { visibleLine } from "./hidden.ts";
import { styled, type Piece, type Terminal } from "./terminal.ts";

export interface Column {
  readonly title: string;
  /** The column may be cut to this many cells. Default: it is never cut. */
  readonly minWidth?: number;
}

/** Limit for values of a server that does not validate their length. */
const maxCellWidth = 256;

/** Returns the rows of the table, headings first. No cell is wider than `maxCellWidth`, even in a pipe. */
export function tableRows(
  terminal: Terminal,
  columns: readonly Column[],
  rows: readonly (readonly Piece[])[],
): (readonly Piece[])[] {
  const shown = rows.map((row) => row.map((cell) => withText(cell, cut(visibleLine(textOf(cell)), maxCellWidth))));
  const widths = fit(
    columns,
    columns.map(({ title }, at) =>
      shown.reduce((widest, row) => Math.max(widest, cellWidth(textOf(row[at] ?? ""))), cellWidth(title)),
    ),
    terminal.columns,
  );
  const gap = " ".repeat(gapOf(terminal.columns));
  const filled = (cell: Piece, at: number): readonly Piece[] => {
    const width = widths[at] ?? 0;
    const text = cut(textOf(cell), width);
    // No trailing spaces: they would wrap on a terminal that is as narrow as the table.
    const isLast = at === columns.length - 1;
    return [withText(cell, isLast ? text : pad(text, width)), ...(isLast ? [] : [gap])];
  };
  const head = columns.map(({ title }) => styled("bold", title));
  return [head, ...shown].map((row) => row.flatMap(filled));
}

function withText(cell: Piece, text: string): Piece {
  return typeof cell === "string" ? text : { ...cell, text };
}

function textOf(cell: Piece): string {
  return typeof cell === "string" ? cell : cell.text;
}

function gapOf(columns: number): number {
  return columns < 120 ? 2 : 3;
}

/** Returns the widths. Reduces the widest column that may be cut until all columns fit. */
function fit(columns: readonly Column[], wanted: readonly number[], width: number): number[] {
  const widths = [...wanted];
  let excess = widths.reduce((sum, each) => sum + each, gapOf(width) * (widths.length - 1)) - width;
  while (excess > 0) {
    let widest = -1;
    for (const [at, { minWidth }] of columns.entries()) {
      const own = widths[at] ?? 0;
      if (minWidth !== undefined && own > minWidth && (widest < 0 || own > (widths[widest] ?? 0))) widest = at;
    }
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
}
