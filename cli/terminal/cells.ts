/** Text in the cells of a terminal: how many it takes, how it is cut and broken, and what must not reach the screen. */
import { stripVTControlCharacters } from "node:util";

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const isAscii = /^[ -~]*$/;
/** East Asian wide and full-width characters, and whatever is shown as an emoji. */
const isWide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const isInvisible = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]+$/u;

/** Cells that the text takes. */
export function cells(text: string): number {
  if (isAscii.test(text)) return text.length;
  let count = 0;
  for (const { segment } of segmenter.segment(text)) count += cellsOf(segment);
  return count;
}

function cellsOf(grapheme: string): number {
  if (isInvisible.test(grapheme)) return 0;
  return isWide.test(grapheme) ? 2 : 1;
}

/** The text in at most so many cells; what was cut shows as "…". */
export function cut(text: string, width: number): string {
  if (cells(text) <= width) return text;
  let kept = "";
  let left = width - 1;
  for (const { segment } of segmenter.segment(text)) {
    left -= cellsOf(segment);
    if (left < 0) break;
    kept += segment;
  }
  return width < 1 ? "" : `${kept}…`;
}

/** The text filled up with spaces to so many cells. */
export function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - cells(text)));
}

/** Rows of at most so many cells, broken between words where that is possible. */
export function wrap(text: string, width: number): string[] {
  const rows: string[] = [];
  let row = "";
  for (const word of text.split(" ")) {
    const longer = row === "" ? word : `${row} ${word}`;
    if (cells(longer) <= width) {
      row = longer;
      continue;
    }
    if (row !== "") rows.push(row);
    const pieces = broken(word, width);
    row = pieces.pop() ?? "";
    rows.push(...pieces);
  }
  return [...rows, row];
}

/** One word that may be longer than a row. */
function broken(word: string, width: number): string[] {
  if (cells(word) <= width) return [word];
  const pieces: string[] = [];
  let piece = "";
  let left = width;
  for (const { segment } of segmenter.segment(word)) {
    const size = cellsOf(segment);
    if (size > left) {
      pieces.push(piece);
      piece = "";
      left = width;
    }
    piece += segment;
    left -= size;
  }
  return [...pieces, piece];
}

/** Without colours, cursor movements and other controls: what an agent prints must not draw on its reader's terminal. */
export function plain(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll("\t", "    ")
    .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");
}
