import { expect, test } from "vitest";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { PendingSpecs } from "./pending-specs.ts";
import { heapBytes } from "./heap-bytes.ts";

function run(prompt: string, metadata: object = {}): ClaudeRun {
  return { metadata: { name: "a", ...metadata }, spec: { agent: "x", prompt } } as unknown as ClaudeRun;
}

test("a run is stored without managed fields and annotations that its Job does not have", () => {
  const runs = new PendingSpecs();
  const annotations = {
    "kubectl.kubernetes.io/last-applied-configuration": "x".repeat(200_000),
    "paperclip.io/x": "y",
  };
  const managedFields = [{ fieldsV1: { text: "x".repeat(200_000) } }];
  runs.set("1", run("do it", { annotations, managedFields, labels: { "paperclip.io/a": "b", other: "c" } }));
  expect(runs.get("1")).toEqual({
    metadata: { name: "a", uid: "1", labels: { "paperclip.io/a": "b" }, annotations: { "paperclip.io/x": "y" } },
    spec: { agent: "x", prompt: "do it" },
  });
  runs.delete("1");
  expect([runs.get("1"), runs.bytes]).toEqual([undefined, 0]);
});

test.each([
  ["a long prompt", run("ä".repeat(40_000))],
  ["many small values", { ...run(""), spec: Array.from({ length: 10_000 }, () => 1) } as unknown as ClaudeRun],
  ["long keys", { ...run(""), spec: { ["k".repeat(40_000)]: 1 } } as unknown as ClaudeRun],
])("a run that is too large is not stored, nor is its earlier version: %s", (_, large) => {
  const runs = new PendingSpecs();
  runs.set("1", run("small"));
  runs.set("1", large);
  expect([runs.get("1"), runs.bytes]).toEqual([undefined, 0]);
});

test("the total size is limited, and the newest runs are stored", () => {
  const runs = new PendingSpecs();
  for (let i = 0; i < 5_000; i += 1) runs.set(String(i), run("x".repeat(16_000)));
  expect(runs.bytes).toBeLessThanOrEqual(16 * 2 ** 20);
  expect(runs.bytes).toBeGreaterThan(15 * 2 ** 20);
  expect(runs.get("4999")).toBeDefined();
  expect(runs.get("0")).toBeUndefined();
});

test("counting stops beyond the limit", () => {
  const deep: unknown[] = [];
  let inner = deep;
  for (let i = 0; i < 100_000; i += 1) inner.push((inner = []));
  expect(heapBytes(deep, 1_000)).toBeLessThan(1_100);
  expect(heapBytes(deep, Infinity)).toBe(100_001 * 16);
  expect(heapBytes({ a: ["b", null, 1, true] }, Infinity)).toBe(7 * 16 + 4);
});
