/** Measures, cuts and wraps text in terminal cells. */

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const isAscii = /^[ -~]*$/;
/** East Asian wide and full-width characters, and emoji. */
const isWide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const isInvisible = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]+$/u;

/** Returns the number of cells of the text. */
export function cellWidth(text: string): number {
  if (isAscii.test(text)) return text.length;
  let count = 0;
  for (const { segment } of segmenter.segment(text)) count += cellsOf(segment);
  return count;
}

function cellsOf(grapheme: string): number {
  if (isInvisible.test(grapheme)) return 0;
  return isWide.test(grapheme) ? 2 : 1;
}

/** Returns the text in at most `width` cells, with "…" in place of the rest. */
export function cut(text: string, width: number): string {
  if (cellWidth(text) <= width) return text;
  let kept = "";
  let left = width - 1;
  for (const { segment } of segmenter.segment(text)) {
    left -= cellsOf(segment);
    if (left < 0) break;
    kept += segment;
  }
  return width < 1 ? "" : `${kept}…`;
}

/** Returns the text, filled with spaces to `width` cells. */
export function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - cellWidth(text)));
}

/** Returns rows of at most `width` cells, broken between words if possible. */
export function wrap(text: string, width: number): string[] {
  const rows: string[] = [];
  let row = "";
  let taken = 0;
  for (const word of text.split(" ")) {
    const size = cellWidth(word) + (row === "" ? 0 : taken + 1);
    if (size <= width) {
      row = row === "" ? word : `${row} ${word}`;
      taken = size;
      continue;
    }
    if (row !== "") rows.push(row);
    const pieces = breakWord(word, width);
    row = pieces.pop() ?? "";
    taken = cellWidth(row);
    for (const piece of pieces) rows.push(piece);
  }
  return [...rows, row];
}

/** Breaks one word that may be longer than a row. */
function breakWord(word: string, width: number): string[] {
  if (cellWidth(word) <= width) return [word];
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
