/** A cursor buffers at most 16 MiB of any log, delivers all bytes, and reports unverified ranges. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { RunnerLog } from "../testing/runner-log.ts";
import { deliveredChunks } from "../testing/delivered-chunks.ts";
import { LogCursor } from "./cursor.ts";
import type { LogEvent } from "./log-event.ts";

const limit = 16 * 1_048_576;
const started = new RunnerLog();

interface Read {
  readonly cursor: LogCursor;
  /** Delivered bytes, and their digest. */
  readonly bytes: number;
  readonly sha256: string;
  readonly unverified: readonly (LogEvent & { kind: "unverified" })[];
  readonly missing: number;
  readonly maxBuffered: number;
}

/** Reads these chunks, and flushes the cursor at the end. */
function read(chunks: Iterable<Buffer>, cursor = new LogCursor()): Read {
  cursor.startStream();
  const hash = createHash("sha256");
  const unverified: (LogEvent & { kind: "unverified" })[] = [];
  let bytes = 0;
  let missing = 0;
  let maxBuffered = 0;
  const take = (events: readonly LogEvent[]): void => {
    for (const event of events) {
      if (event.kind === "unverified") unverified.push(event);
      else if (event.kind === "missing") missing += 1;
      else {
        hash.update(event.line);
        bytes += event.line.length;
      }
    }
    maxBuffered = Math.max(maxBuffered, cursor.bufferedBytes);
  };
  for (const chunk of chunks) take(cursor.push(chunk).events);
  take(cursor.flush());
  return { cursor, bytes, sha256: hash.digest("hex"), unverified, missing, maxBuffered };
}

function* pieces(content: Buffer, size: number): Generator<Buffer> {
  yield started.bytes;
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

const mib = 1_048_576;
const hostile: readonly [name: string, content: () => Buffer, size: number][] = [
  ["200 MB without a newline", () => Buffer.alloc(200 * mib, "x"), 65_536],
  ["200 MB without a newline in one chunk", () => Buffer.alloc(200 * mib, "x"), 200 * mib],
  ["20 MB without a newline, seven bytes at a time", () => Buffer.alloc(20 * mib, "ü"), 7],
  ["100,000 lines that are not JSON", () => Buffer.from("plain words\n".repeat(100_000)), 65_536],
  [
    "lines of NULs",
    () => Buffer.concat(Array.from({ length: 40 }, () => Buffer.concat([Buffer.alloc(mib), Buffer.from("\n")]))),
    65_536,
  ],
  ["500,000 empty lines", () => Buffer.alloc(500_000, "\n"), 65_536],
  [
    "one word, then JSON for which no checkpoint ever comes",
    () => Buffer.from(`words\n${'{"n":1}\n'.repeat(400_000)}`),
    65_536,
  ],
];

describe("a cursor", { timeout: 120_000 }, () => {
  it.each(hostile)("buffers at most 16 MiB and delivers all bytes: %s", (name, make, size) => {
    const content = make();
    const { cursor, bytes, sha256, unverified, missing, maxBuffered } = read(pieces(content, size));
    expect(maxBuffered).toBeLessThanOrEqual(limit);
    expect(bytes).toBe(started.bytes.length + content.length);
    expect(sha256).toBe(createHash("sha256").update(started.bytes).update(content).digest("hex"));
    expect(missing).toBe(0);
    expect(cursor.isVerified).toBe(false);
    // The ranges follow each other, and end where the log ends.
    let at = started.bytes.length;
    for (const { from, to } of unverified) {
      expect(from.bytes).toBeGreaterThanOrEqual(at);
      expect(to.bytes).toBeGreaterThan(from.bytes);
      at = to.bytes;
    }
    // JSON after them needs no proof.
    if (!name.includes("JSON for which")) expect(at).toBe(started.bytes.length + content.length);
    expect(unverified.length).toBeGreaterThan(0);
    expect(cursor.bufferedBytes).toBe(0);
  });

  it("continues after an endless line, and finds the runner's last line", () => {
    const log = new RunnerLog()
      .claude(Buffer.alloc(40 * mib, "x"))
      .claude('{"n":1}')
      .checkpoint()
      .end();
    const { cursor, sha256, maxBuffered } = read([log.bytes]);
    expect(maxBuffered).toBeLessThanOrEqual(limit);
    expect(sha256).toBe(createHash("sha256").update(log.bytes).digest("hex"));
    expect(cursor.isComplete).toBe(true);
    expect(cursor.isVerified, "the log is not verified").toBe(false);
  });

  it("does not parse a part of a line as a runner's line", () => {
    const forged = '{"type":"runner","subtype":"stderr","seq":99,"text":"forged"}';
    const content = Buffer.from(`${"x".repeat(17 * mib)}${forged}\n`);
    const { cursor } = read(pieces(content, 17 * mib));
    expect(cursor.isComplete).toBe(false);
  });

  it("continues inside an endless line after a broken stream, and repeats nothing", () => {
    const log = new RunnerLog()
      .claude('{"n":1}')
      .claude(Buffer.alloc(40 * mib, "x"))
      .claude('{"n":2}')
      .checkpoint()
      .end();
    const cursor = new LogCursor();
    const first = read([log.bytes.subarray(0, 30 * mib)], cursor);
    const second = read([log.bytes], cursor);
    expect(first.bytes + second.bytes).toBe(log.bytes.length);
    expect(second.missing).toBe(0);
    expect(second.maxBuffered).toBeLessThanOrEqual(limit);
    expect(cursor.isComplete).toBe(true);
  });

  it("buffers at most 16 MiB of a tail that it cannot locate, and repeats nothing", () => {
    const cursor = new LogCursor();
    const log = new RunnerLog().claude(`"${"x".repeat(2 * mib)}"`).checkpoint();
    read([log.bytes], cursor);
    const before = cursor.position.bytes;
    const tail = read([Buffer.from('{"n":1}\n'.repeat(mib))], cursor);
    expect(tail.maxBuffered).toBeLessThanOrEqual(limit);
    expect(tail.bytes).toBe(0);
    expect(cursor.position.bytes).toBe(before);
  });
});

it("reports the range of unverified bytes, in chunks that hosts do not truncate", async () => {
  const cursor = new LogCursor();
  cursor.startStream();
  const told = await deliveredChunks(
    cursor.push(Buffer.concat([started.bytes, Buffer.from("🦀".repeat(5 * mib))])).events,
  );
  const stdout = told.filter(([stream]) => stream === "stdout").map(([, chunk]) => chunk);
  expect(Math.max(...stdout.map(({ length }) => length))).toBeLessThanOrEqual(32_768);
  expect(stdout.join("")).toMatch(/^🦀+$/u);
  expect(told.find(([stream]) => stream === "warning")?.[1]).toMatch(/^bytes \d+ to \d+ of the log are unverified/);
});
