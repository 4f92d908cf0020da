import { expect, test } from "vitest";
import { EventReader, maxScansPerCharacter } from "./event-reader.ts";

test("an event inside another line is found after many objects, and the torn line too", () => {
  const outer = JSON.stringify({
    type: "user",
    items: Array.from({ length: 300 }, (_, id) => ({ id })),
    session_id: "s",
  });
  const inner = JSON.stringify({ type: "result", session_id: "s" });
  const at = outer.length - 20;
  const found = new EventReader().read(outer.slice(0, at) + inner + outer.slice(at));
  expect(found.map(({ type }) => type)).toEqual(["result", "user"]);
});

const seeds = ['{"', '{"a":', '{"a":"', '{"type":"result",', '{"a":{"b":[', '{"\\', '{"type":"x","session_id":"s"} '];

test.each(seeds)("the work for a broken line of many %s is linear in its length", (seed) => {
  for (const bytes of [1 << 18, 1 << 20]) {
    const line = `x${seed.repeat(Math.ceil(bytes / seed.length))}`;
    const reader = new EventReader();
    reader.read(line);
    expect(reader.scannedCharacters).toBeLessThanOrEqual(maxScansPerCharacter * line.length);
  }
});
