/** Text in cells: what is narrow, wide or takes none, and that nothing is lost where rows are broken. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellWidth, cut, pad, wrap } from "./cells.ts";

describe("cells", () => {
  it.each([
    ["", 0],
    ["agent", 5],
    ["漢字", 4],
    ["👩‍💻", 2],
    ["e\u0301", 1],
    ["\u200b", 0],
    ["❤️", 2],
    ["abc", 3],
    ["日本", 4],
    ["é", 1],
    ["👩‍👩‍👧", 2],
    ["한국어", 6],
    ["a\u200bb", 2],
  ])("of %j are %d", (text, count) => {
    expect(cellWidth(text)).toBe(count);
  });

  it.each([
    ["agents", 6, "agents"],
    ["agents", 5, "agen…"],
    ["漢字漢字", 4, "漢…"],
    ["agents", 1, "…"],
    ["agents", 0, ""],
  ])("%j in %d is %j", (text, width, result) => {
    expect(cut(text, width)).toBe(result);
  });

  it("are filled up with spaces, never cut", () => {
    expect([pad("漢", 4), pad("agents", 4)]).toEqual(["漢  ", "agents"]);
  });
});

describe("rows", () => {
  it.each([
    ["one two three", 7, ["one two", "three"]],
    ["one two", 6, ["one", "two"]],
    ["abcdefgh", 3, ["abc", "def", "gh"]],
    ["a abcdefgh b", 3, ["a", "abc", "def", "gh", "b"]],
    ["漢字漢字", 5, ["漢字", "漢字"]],
    ["", 5, [""]],
  ])("%j in %d are %j", (text, width, rows) => {
    expect(wrap(text, width)).toEqual(rows);
  });

  it("have at most their width, and every character but the spaces between words", () => {
    const words = fc.array(fc.string({ unit: "grapheme", minLength: 1 }).filter((word) => !word.includes(" ")));
    fc.assert(
      fc.property(words, fc.integer({ min: 2, max: 40 }), (all, width) => {
        const rows = wrap(all.join(" "), width);
        for (const row of rows) expect(cellWidth(row)).toBeLessThanOrEqual(width);
        expect(rows.join("").replaceAll(" ", "")).toBe(all.join(""));
      }),
    );
  });
});
