import fc from "fast-check";
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { Output } from "./output.ts";
import { LineReader } from "./stream.ts";

test("with writes of any size everything arrives in order, and the digest is correct", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ maxLength: 30 })),
      fc.array(fc.integer({ min: 1, max: 9 })),
      async (texts, sizes) => {
        const written: Buffer[] = [];
        let calls = 0;
        const output = new Output((bytes) => {
          const taken = Math.min(bytes.length, sizes[calls++ % Math.max(1, sizes.length)] ?? 5);
          written.push(Buffer.from(bytes.subarray(0, taken)));
          return Promise.resolve(taken);
        });
        const reader = new LineReader(16);
        for (const text of texts) {
          reader.push(Buffer.from(text)).forEach((piece) => output.writeClaude(piece));
          output.writeRunnerLine({ subtype: "stderr", text: "x" });
        }
        reader.end().forEach((piece) => output.writeClaude(piece));
        await output.drained();
        const bytes = Buffer.concat(written);
        expect(output.digest()).toEqual({
          lines: bytes.toString("latin1").split("\n").length - 1,
          bytes: bytes.length,
          sha256: createHash("sha256").update(bytes).digest("hex"),
        });
        const lines = bytes.toString("utf8").split("\n");
        expect(lines.pop()).toBe("");
        expect(lines.filter((line) => line.startsWith('{"type":"runner","subtype":"stderr","text":"x"'))).toHaveLength(
          texts.length,
        );
        expect(output.waitingBytes).toBe(0);
      },
    ),
  );
});

test("a slow reader does not block claude, because the CLI would discard its result", () => {
  const output = new Output(() => new Promise(() => undefined));
  const line = Buffer.alloc(1024 * 1024, "x\n");
  for (let mebibytes = 0; mebibytes < 11; mebibytes++) output.writeClaude({ bytes: line, kind: "whole" });
  expect(output.isFull).toBe(false);
  for (let mebibytes = 0; mebibytes < 5; mebibytes++) output.writeClaude({ bytes: line, kind: "whole" });
  expect(output.isFull).toBe(true);
});

test("a log without a reader stops nothing", async () => {
  const output = new Output(() => Promise.reject(new Error("EPIPE")));
  output.writeRunnerLine({ subtype: "stderr", text: "x" });
  await output.drained();
  output.writeRunnerLine({ subtype: "stderr", text: "y" });
  await output.drained();
  expect(output.digest().lines).toBe(2);
});
