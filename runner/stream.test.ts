import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "./event.ts";
import { EventReader } from "./event-reader.ts";
import { LineReader, textOfLine, type Piece } from "./stream.ts";

function readAll(chunks: readonly Buffer[], maxBytes?: number): Piece[] {
  const reader = new LineReader(maxBytes);
  return [...chunks.flatMap((chunk) => reader.push(chunk)), ...reader.end()];
}

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place));
}

const stream = fc
  .array(
    fc.oneof(
      fc.constant(Buffer.from("\n")),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    ),
  )
  .map((parts) => Buffer.concat(parts));

describe("lines", () => {
  test("are the same for any chunking, and nothing is lost", () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(2000)), (bytes, cuts) => {
        const pieces = readAll(cut(bytes, cuts));
        expect(pieces).toEqual(readAll([bytes]));
        expect(Buffer.concat(pieces.map((piece) => piece.bytes))).toEqual(bytes);
        const texts = bytes.toString("latin1").split("\n");
        expect(pieces).toHaveLength(texts.at(-1) === "" ? texts.length - 1 : texts.length);
      }),
    );
  });

  test("that are too long are passed in marked parts without loss", () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(2000)), (bytes, cuts) => {
        const pieces = readAll(cut(bytes, cuts), 8);
        expect(Buffer.concat(pieces.map((piece) => piece.bytes))).toEqual(bytes);
        for (const { kind, bytes: piece } of pieces) expect(kind !== "whole" || piece.length <= 9).toBe(true);
      }),
    );
    const kinds = readAll([Buffer.from("0123456789"), Buffer.from("ab\nok\n")], 8).map((piece) => piece.kind);
    expect(kinds).toEqual(["part", "lastPart", "whole"]);
  });

  test("are converted to text without line end and byte order mark, even with broken UTF-8", () => {
    expect(textOfLine(Buffer.from("\uFEFF{}\r\n"))).toBe("{}");
    expect(textOfLine(Buffer.from([0x61, 0xff, 0x0a]))).toBe("a\uFFFD");
  });
});

describe("events", () => {
  const inner = { type: "result", session_id: "s", is_error: false, result: 'a "quoted" {brace', usage: { a: {} } };
  const outer = { type: "assistant", session_id: "s", message: { content: [{ type: "text", text: "tail } {" }] } };
  const read = (...lines: string[]): JsonObject[] => {
    const reader = new EventReader();
    return lines.flatMap((line) => reader.read(line));
  };

  test("are read from lines; other lines have none", () => {
    expect(read("", "plain", "[1]", '"text"', '{"no":"type"}', JSON.stringify(outer))).toEqual([outer]);
  });

  test("are both found when one was written anywhere into the other", () => {
    const text = JSON.stringify(outer);
    for (let at = 1; at < text.length; at++) {
      const found = read(`${text.slice(0, at)}${JSON.stringify(inner)}`, text.slice(at));
      expect(found, `torn at ${at}`).toEqual([inner, outer]);
      expect(read(text.slice(0, at) + JSON.stringify(inner) + text.slice(at)), `inside at ${at}`).toEqual([
        inner,
        outer,
      ]);
    }
  });

  test("after an unfinished torn line are read as usual", () => {
    expect(read(`{"type":"assist${JSON.stringify(inner)}`, "noise", JSON.stringify(outer))).toEqual([inner, outer]);
  });
});
