/** Tables as kubectl prints them; on a screen that is too narrow the columns that can give way are cut. */
import { cells, cut, pad } from "./cells.ts";
import type { Style, Terminal } from "./terminal.ts";

export interface Column {
  readonly title: string;
  /** May be cut down to so many cells. */
  readonly least?: number;
}

/** One cell: its words, and how they look. */
export type Cell = string | { readonly text: string; readonly style: Style };

/** The rows of the table, its head first. */
export function tableRows(
  terminal: Terminal,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): string[] {
  const widths = fit(
    columns,
    columns.map(({ title }, at) => Math.max(cells(title), ...rows.map((row) => cells(textOf(row[at] ?? ""))))),
    terminal.columns,
  );
  const gap = " ".repeat(gapOf(terminal.columns));
  const shown = (cell: Cell, at: number): string => {
    const width = widths[at] ?? 0;
    const text = cut(textOf(cell), width);
    // No spaces at the end of a line: they would wrap on a screen that is as narrow as the table.
    const filled = at === columns.length - 1 ? text : pad(text, width);
    return typeof cell === "string" ? filled : terminal.paint(cell.style, filled);
  };
  const head = columns.map(({ title }, at) => shown({ text: title, style: "bold" }, at)).join(gap);
  return [head, ...rows.map((row) => row.map(shown).join(gap))];
}

function textOf(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}

function gapOf(columns: number): number {
  return columns < 120 ? 2 : 3;
}

/** The widths, with the widest of those that may be cut made narrower until all fit. */
function fit(columns: readonly Column[], wanted: readonly number[], width: number): number[] {
  const widths = [...wanted];
  let excess = widths.reduce((sum, each) => sum + each, gapOf(width) * (widths.length - 1)) - width;
  while (excess > 0) {
    let widest = -1;
    for (const [at, { least }] of columns.entries()) {
      const own = widths[at] ?? 0;
      if (least !== undefined && own > least && (widest < 0 || own > (widths[widest] ?? 0))) widest = at;
    }
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
}
