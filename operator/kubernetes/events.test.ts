import { expect, it } from "vitest";
import { aRun, nowMs } from "../testing/builders.ts";
import { eventAbout, newestWarning } from "./events.ts";

const event = (message: string, time: Record<string, string>): object => ({ reason: "FailedMount", message, ...time });

it("the newest warning counts, by either of its two times", () => {
  const items = [
    event("old", { lastTimestamp: "2026-01-01T12:00:00Z" }),
    event("newest", { eventTime: "2026-01-01T12:00:05.000000Z" }),
    event("older", { lastTimestamp: "2026-01-01T12:00:04Z" }),
  ];
  expect(newestWarning({ items })).toEqual({ reason: "FailedMount", message: "newest" });
});

it.each([undefined, {}, { items: [] }, { items: [{ reason: "NoMessage" }] }])("%j contains no warning", (list) => {
  expect(newestWarning(list)).toBeUndefined();
});

it("an Event about a run has its uid, and a note within the limit", () => {
  const event = { type: "Warning", action: "Finish", reason: "MaxTurns", note: "😀".repeat(2_000) } as const;
  const { path, body } = eventAbout(aRun("a"), event, { nowMs, instance: "pod-1" });
  expect(path).toBe("/apis/events.k8s.io/v1/namespaces/team/events");
  expect(body).toMatchObject({
    eventTime: "2026-01-01T12:00:00.000000Z",
    regarding: { kind: "ClaudeRun", name: "a", uid: "uid-a" },
    reason: "MaxTurns",
    reportingInstance: "pod-1",
  });
  expect((body as { note: string }).note.length).toBeLessThanOrEqual(1_024);
});
