/** What the host is told of a log: all of it, in its order, whichever stream it goes to. */
import { expect, it } from "vitest";
import type { LogEvent } from "./log-event.ts";
import { deliver } from "./sink.ts";

function line(text: string): LogEvent {
  return { kind: "line", line: Buffer.from(`${text}\n`) };
}

/** What is told of these events, chunk by chunk. */
async function toldOf(events: readonly LogEvent[]): Promise<[stream: string, chunk: string][]> {
  const told: [string, string][] = [];
  await deliver(events, {
    onLog: (stream, chunk) => {
      told.push([stream, chunk]);
      return Promise.resolve();
    },
    transcript: { read: () => undefined, readStderr: () => undefined },
  });
  return told;
}

it("stderr stays between the lines of stdout where it was written, and the runner's own are hidden", async () => {
  const events = [
    line('{"n":1}'),
    line('{"type":"runner","seq":2,"subtype":"stderr","text":"words"}'),
    line('{"type":"runner","seq":3,"subtype":"checkpoint"}'),
    line('{"n":2}'),
  ];
  expect(await toldOf(events)).toEqual([
    ["stdout", '{"n":1}\n'],
    ["stderr", "words\n"],
    ["stdout", '{"n":2}\n'],
  ]);
});

it("a range that nobody can show any more is told exactly, in its place", async () => {
  const missing: LogEvent = { kind: "missing", from: { lines: 1, bytes: 8 }, to: { lines: 5, bytes: 40 } };
  const told = await toldOf([line('{"n":1}'), missing, line('{"n":6}')]);
  expect(told.map(([stream]) => stream)).toEqual(["stdout", "stderr", "stdout"]);
  expect(told[1]?.[1]).toContain("bytes 8 to 40 of the log are missing (lines 1 to 5)");
});

it("chunks are whole lines, and none is so long that a host would shorten it", async () => {
  const events = Array.from({ length: 50 }, (_, n) => line(JSON.stringify({ n, text: "x".repeat(2_000) })));
  const chunks = (await toldOf(events)).map(([, chunk]) => chunk);
  expect(chunks.join("")).toBe(events.map((event) => (event.kind === "line" ? event.line.toString() : "")).join(""));
  expect(chunks.filter((chunk) => chunk.length > 32_768 || !chunk.endsWith("}\n"))).toEqual([]);
});
