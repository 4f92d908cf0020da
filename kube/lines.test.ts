import { expect, test } from "vitest";
import { lines } from "./lines.ts";

async function* chunksOf(chunks: readonly string[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(await Promise.resolve(chunk));
}

async function read(chunks: readonly string[], maxBytes = 10): Promise<string[]> {
  const found: string[] = [];
  for await (const { bytes, isCut, lengthBytes } of lines(chunksOf(chunks), maxBytes))
    found.push(`${bytes.toString()}${isCut ? ` cut of ${lengthBytes}` : ""}`);
  return found;
}

test.each([
  [["a\nbc\n"], ["a", "bc"]],
  [
    ["a", "b\n", "c\nd"],
    ["ab", "c"],
  ],
  [["\n\n"], ["", ""]],
  [["0123456789\n"], ["0123456789"]],
])("%j are the lines %j", async (chunks, expected) => {
  expect(await read(chunks)).toEqual(expected);
});

test("a line that is too long is cut, whatever its chunks, and the next one is whole", async () => {
  expect(await read(["0123456789a\nb\n"])).toEqual(["0123456789a cut of 11", "b"]);
  expect(await read(["01234", "56789", "abc", "d\nb\n"])).toEqual(["0123456789abc cut of 14", "b"]);
});

test("no more is kept of it than its start", async () => {
  const chunks = Array.from({ length: 100 }, () => "x".repeat(1_000));
  const [line = "", next] = await read([...chunks, "\nb\n"], 20_000);
  expect(line.length).toBeLessThan(4_200);
  expect(line.endsWith(" cut of 100000")).toBe(true);
  expect(next).toBe("b");
});
