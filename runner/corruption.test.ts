/** Damaged recorded streams are never classified as a success, and their reports stay small. */
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { classify } from "./classify.ts";
import { Facts } from "./facts.ts";
import { EventReader } from "./event-reader.ts";
import { inspect } from "./inspect.ts";
import { boundReport, jsonBytes, maxReportBytes } from "./report.ts";
import { resultOf } from "./result.ts";
import { LineReader, textOfLine } from "./stream.ts";

const recordings = fileURLToPath(new URL("../test/recordings/", import.meta.url));
const names = readFileSync(`${recordings}expected.tsv`, "utf8")
  .trimEnd()
  .split("\n")
  .slice(1)
  .map((line) => line.split("\t").slice(0, 3) as [name: string, exit: string, reason: string]);
/** Lines of a megabyte would only make the test slow. */
const maxBytes = 100_000;
const recorded = names
  .map(([name, exit, reason]) => ({
    bytes: readFileSync(`${recordings}${name}.jsonl`),
    exitCode: Number(exit),
    reason,
  }))
  .filter(({ bytes, exitCode }) => bytes.length < maxBytes && exitCode >= 0);

/** Positions and lengths are fractions of the stream's length, so that they fit any recording. */
type Mutation = readonly [
  kind: "cut" | "cutStart" | "flip" | "drop" | "repeat" | "inject" | "noise",
  at: number,
  size: number,
];
const part = fc.double({ min: 0, max: 1, noNaN: true });
const mutation: fc.Arbitrary<Mutation> = fc.tuple(
  fc.constantFrom("cut", "cutStart", "flip", "drop", "repeat", "inject", "noise"),
  part,
  part,
);

function mutate(bytes: Buffer, [kind, where, size]: Mutation): Buffer {
  const at = Math.floor(where * bytes.length);
  const end = Math.min(bytes.length, at + Math.ceil(size * 400));
  const [before, middle, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
  switch (kind) {
    case "cut":
      return before;
    case "cutStart":
      return bytes.subarray(at);
    case "flip":
      return Buffer.concat([before, Buffer.from(middle.map((byte) => byte ^ (1 << (end % 8)))), after]);
    case "drop":
      return Buffer.concat([before, after]);
    case "repeat":
      return Buffer.concat([before, middle, middle, after]);
    case "inject": {
      // Inserts another line into the middle of this one, as older CLIs did.
      const lines = bytes.toString("latin1").split("\n");
      const line = Buffer.from(`${lines[Math.floor(size * (lines.length - 1))] ?? ""}\n`, "latin1");
      return Buffer.concat([before, line, middle, after]);
    }
    case "noise":
      return Buffer.concat([before, Buffer.from(middle.map((byte, index) => (byte * 31 + index * 17) & 0xff)), after]);
  }
}

const damaged = fc
  .tuple(fc.constantFrom(...recorded), fc.array(mutation, { minLength: 1, maxLength: 4 }))
  .map(([{ bytes, exitCode, reason }, mutations]) => ({ bytes: mutations.reduce(mutate, bytes), exitCode, reason }));

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "corruption-"));
});
afterAll(() => rm(directory, { recursive: true }));

test("a damaged stream is a success only if the process succeeded", async () => {
  await fc.assert(
    fc.asyncProperty(damaged, async ({ bytes, exitCode, reason }) => {
      const file = join(directory, "stream");
      await writeFile(file, bytes);
      const found = await inspect({ file, exitCode });
      if (found.reason === "Completed") expect({ exitCode, reason }).toEqual({ exitCode: 0, reason: "Completed" });
      expect(jsonBytes(found)).toBeLessThanOrEqual(maxReportBytes);
    }),
    { numRuns: 400 },
  );
});

test("reading in pieces gives the same result as reading at once", () => {
  fc.assert(
    fc.property(damaged, fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1 }), ({ bytes }, sizes) => {
      expect(factsOf(bytes, sizes)).toEqual(factsOf(bytes, [bytes.length + 1]));
    }),
    { numRuns: 100 },
  );
});

test("the report of a damaged stream fits with the longest words everywhere", () => {
  const hostile = fc.constantFrom("\u0000", "\uD800", "\u2028", "é", "🦊", '"', "\\", "x");
  fc.assert(
    fc.property(damaged, hostile, fc.integer({ min: -400, max: 400 }), ({ bytes }, character, exponent) => {
      const facts = factsOf(bytes, [4096]);
      const long = character.repeat(5000);
      const number = 1.7 * 10 ** Math.max(-300, Math.min(300, exponent));
      const spend = { m: { inputTokens: number, outputTokens: -number, costUSD: number }, [long]: { costUSD: number } };
      const usage = { ...spend, [`a${long}`]: { costUSD: 1 }, [`b${long}`]: {}, [`c${long}`]: {} };
      facts.add({ type: "system", subtype: "init", session_id: long });
      facts.add({
        ...{ type: "result", subtype: long, stop_reason: long, is_error: true, num_turns: number, result: long },
        ...{
          duration_ms: number,
          duration_api_ms: number,
          total_cost_usd: number,
          model_usage_since_last_result: usage,
        },
      });
      const verdict = classify({ facts, ending: { signal: "SIGKILL" }, stderrLine: long, nowMs: 0 });
      const report = boundReport(
        {
          ...{ v: 1, complete: true, ...verdict, result: resultOf(facts, { signal: "SIGKILL" }) },
          session: { id: facts.sessionId ?? "" },
          stop: { cause: "DeadlineExceeded", time: new Date(0).toISOString() },
          log: { lines: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER, sha256: "f".repeat(64) },
          progress: { turns: number, lastActivityTime: new Date(0).toISOString(), activity: long },
        },
        (text) => text,
      );
      expect(jsonBytes(report)).toBeLessThanOrEqual(maxReportBytes);
    }),
    { numRuns: 150 },
  );
});

function factsOf(bytes: Buffer, sizes: readonly number[]): Facts {
  const [facts, events, lines] = [new Facts(), new EventReader(), new LineReader()];
  const take = (piece: { bytes: Buffer }) => events.read(textOfLine(piece.bytes)).forEach((event) => facts.add(event));
  let index = 0;
  for (let at = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    lines.push(bytes.subarray(at, at + size)).forEach(take);
    at += size;
  }
  lines.end().forEach(take);
  return facts;
}
