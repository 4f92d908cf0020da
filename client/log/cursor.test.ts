/** A case that random faults do not find: a stream with wrong bytes and the right counts. */
import { expect, it } from "vitest";
import { RunnerLog } from "../testing/runner-log.ts";
import { LogCursor, type ReadResult } from "./cursor.ts";

function linesOf({ events }: ReadResult): string {
  return events.map((event) => (event.kind === "line" ? event.line.toString() : `${event.kind}\n`)).join("");
}

it("the digest reveals an error of the kubelet that is as long as the line that it replaces", () => {
  const log = new RunnerLog().claude("plain words of claude").checkpoint().claude('{"type":"result"}').end();
  const forged = Buffer.from(log.bytes.toString().replace("plain words of claude", "words of the kubelet!"));
  expect(forged).toHaveLength(log.bytes.length);
  const cursor = new LogCursor();
  cursor.startStream();
  const first = cursor.push(forged);
  expect(first.mustReopen).toBe(true);
  expect(cursor.startStream(), "the log is read from its beginning").toEqual({});
  expect(linesOf(first) + linesOf(cursor.push(log.bytes))).toBe(log.bytes.toString());
  expect(cursor.end).toBeDefined();
  expect(cursor.isVerified).toBe(true);
});
