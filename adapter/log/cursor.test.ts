/** What schedules of faults do not come upon: a stream that is wrong, and whose counts are right. */
import { expect, it } from "vitest";
import { RunnerLog } from "../testing/runner-log.ts";
import { LogCursor, type Taken } from "./cursor.ts";

function linesOf({ events }: Taken): string {
  return events.map((event) => (event.kind === "line" ? event.line.toString() : `${event.kind}\n`)).join("");
}

it("words of the very length of a line that they stand in for are not believed: the digest tells", () => {
  const log = new RunnerLog().claude("plain words of claude").checkpoint().claude('{"type":"result"}').end();
  const forged = Buffer.from(log.bytes.toString().replace("plain words of claude", "words of the kubelet!"));
  expect(forged).toHaveLength(log.bytes.length);
  const cursor = new LogCursor();
  cursor.begin();
  const first = cursor.take(forged);
  expect(first.mustReopen).toBe(true);
  expect(cursor.begin(), "the log is read from its beginning").toEqual({});
  expect(linesOf(first) + linesOf(cursor.take(log.bytes))).toBe(log.bytes.toString());
  expect(cursor.end).toBeDefined();
  expect(cursor.isWhole).toBe(true);
});
