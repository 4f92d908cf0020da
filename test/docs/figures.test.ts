/** A figure that stands in several places is the one that the last benchmark measured: docs/performance.md. */
import { expect, it } from "vitest";
import { read } from "./pages.ts";

const performance = read("docs/performance.md");

/** The operator's memory in MiB, as measured. */
function measured(): Readonly<Record<"idle" | "burst" | "largeBurst" | "kept", string>> {
  const [, idle = ""] = /^\| operator's RSS after 10 s idle .*?(\d+) MiB/m.exec(performance) ?? [];
  const [, burst = ""] = /^\| operator's RSS before → peak → 10 s after .*?→ (\d+) MiB →/m.exec(performance) ?? [];
  const [, largeBurst = ""] =
    /^\| operator's RSS before → peak → after \|[^|]*\| *\d+ → (\d+) → \d+ MiB/m.exec(performance) ?? [];
  const [, kept = ""] = /10,000 finished runs in the cluster has (\d+) MiB/.exec(performance) ?? [];
  return { idle, burst, largeBurst, kept };
}

it("the measured memory of the operator is found in docs/performance.md", () => {
  expect(Object.values(measured()).filter((figure) => figure === "")).toEqual([]);
});

it("docs/operations.md and values.yaml have the same memory of the operator", () => {
  const { idle, burst, largeBurst, kept } = measured();
  const [row = ""] = /^\| operator, memory .*$/m.exec(read("docs/operations.md")) ?? [];
  expect(row).toContain(`${idle} MiB idle, ${burst} MiB in a burst of 500, ${largeBurst} MiB in one of 5,000`);
  expect(row).toContain(`${kept} MiB with 10,000 finished runs kept`);
  const values = read("charts/claude-run-operator/values.yaml");
  expect(values).toContain(`${idle} MiB idle, ${burst} MiB in a burst of 500 runs (docs/performance.md)`);
});
