import { expect, it } from "vitest";
import { newestWarning } from "./events.ts";

const event = (message: string, time: Record<string, string>): object => ({ reason: "FailedMount", message, ...time });

it("the newest warning counts, by whichever of the two times it carries", () => {
  const items = [
    event("old", { lastTimestamp: "2026-01-01T12:00:00Z" }),
    event("newest", { eventTime: "2026-01-01T12:00:05.000000Z" }),
    event("older", { lastTimestamp: "2026-01-01T12:00:04Z" }),
  ];
  expect(newestWarning({ items })).toEqual({ reason: "FailedMount", message: "newest" });
});

it.each([undefined, {}, { items: [] }, { items: [{ reason: "NoMessage" }] }])("nothing is said by %j", (list) => {
  expect(newestWarning(list)).toBeUndefined();
});
