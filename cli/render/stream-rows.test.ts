/** The rows of a transcript. */
import { expect, it } from "vitest";
import { streamRows } from "./stream-rows.ts";

it("shows no control characters of an agent's", () => {
  const event = { type: "assistant", message: { content: [{ type: "text", text: "a\u001b[2Jb\u0007c\u202ed" }] } };
  expect(streamRows(JSON.stringify(event), { isFull: false, width: 80 })).toEqual([{ style: "reset", text: "abcd" }]);
});
