import { expect, it } from "vitest";
import { isRenewed, leaseObject, parseLease } from "./lease.ts";

const metadata = { name: "operator", namespace: "system", uid: "u", resourceVersion: "7" };
const renewedMs = Date.parse("2026-01-01T12:00:00.123Z");

it("is read as it was written", () => {
  const spec = { holder: "replica-1", durationMs: 14_500, transitions: 3, acquiredMs: renewedMs - 60_000, renewedMs };
  const written = leaseObject(metadata, spec);
  expect(written.spec).toEqual({
    holderIdentity: "replica-1",
    leaseDurationSeconds: 15,
    leaseTransitions: 3,
    acquireTime: "2026-01-01T11:59:00.123000Z",
    renewTime: "2026-01-01T12:00:00.123000Z",
  });
  expect(parseLease(written)).toEqual({
    uid: "u",
    namespace: "system",
    resourceVersion: "7",
    holder: "replica-1",
    durationMs: 15_000,
    transitions: 3,
    acquireTime: "2026-01-01T11:59:00.123000Z",
    renewTime: "2026-01-01T12:00:00.123000Z",
    renewedMs,
  });
});

it("that was never renewed counts from its creation", () => {
  const creationTimestamp = "2026-01-01T12:00:00Z";
  expect(parseLease({ metadata: { ...metadata, creationTimestamp } }).renewedMs).toBe(Date.parse(creationTimestamp));
});

it.each([
  [undefined],
  [{}],
  [{ metadata: {}, spec: { renewTime: "soon", leaseDurationSeconds: "60", holderIdentity: null } }],
  [{ spec: { leaseDurationSeconds: -1, renewTime: 7 } }],
])("%j has neither a time nor a duration", (object) => {
  expect(parseLease(object)).toMatchObject({ holder: "", durationMs: undefined, renewedMs: undefined, transitions: 0 });
});

it.each([
  ["twice its duration ago", { renewTime: "2026-01-01T12:00:00Z", leaseDurationSeconds: 30 }, true],
  ["longer ago", { renewTime: "2026-01-01T11:59:59Z", leaseDurationSeconds: 30 }, false],
  ["within twice the default duration", { renewTime: "2026-01-01T11:59:30Z" }, true],
  ["never", {}, false],
])("that was renewed %s", (_, spec, expected) => {
  expect(isRenewed(parseLease({ spec }), Date.parse("2026-01-01T12:01:00Z"))).toBe(expected);
});
