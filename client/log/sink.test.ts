/** The sink delivers the whole log in order, on both streams. */
import { expect, it } from "vitest";
import type { LogEvent } from "./log-event.ts";
import { deliveredChunks } from "../testing/delivered-chunks.ts";

function line(text: string): LogEvent {
  return { kind: "line", line: Buffer.from(`${text}\n`) };
}

it("delivers stderr in its place between lines of stdout, and hides the runner's own lines", async () => {
  const events = [
    line('{"n":1}'),
    line('{"type":"runner","seq":2,"subtype":"stderr","text":"text"}'),
    line(
      JSON.stringify({
        type: "runner",
        seq: 3,
        subtype: "checkpoint",
        log: { lines: 3, bytes: 90, sha256: "0".repeat(64) },
      }),
    ),
    line('{"n":2}'),
  ];
  expect(await deliveredChunks(events)).toEqual([
    ["stdout", '{"n":1}\n'],
    ["stderr", "text\n"],
    ["stdout", '{"n":2}\n'],
  ]);
});

it("reports the exact range of missing bytes, in its place", async () => {
  const missing: LogEvent = { kind: "missing", from: { lines: 1, bytes: 8 }, to: { lines: 5, bytes: 40 } };
  const chunks = await deliveredChunks([line('{"n":1}'), missing, line('{"n":6}')]);
  expect(chunks.map(([stream]) => stream)).toEqual(["stdout", "warning", "stdout"]);
  expect(chunks[1]?.[1]).toContain("bytes 8 to 40 of the log are missing (lines 1 to 5)");
});

it("sends whole lines, in chunks that hosts do not truncate", async () => {
  const events = Array.from({ length: 50 }, (_, n) => line(JSON.stringify({ n, text: "x".repeat(2_000) })));
  const chunks = (await deliveredChunks(events)).map(([, chunk]) => chunk);
  expect(chunks.join("")).toBe(events.map((event) => (event.kind === "line" ? event.line.toString() : "")).join(""));
  expect(chunks.filter((chunk) => chunk.length > 32_768 || !chunk.endsWith("}\n"))).toEqual([]);
});
