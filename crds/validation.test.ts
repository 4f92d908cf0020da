import { expect, describe, it } from "vitest";
import { rootSchema } from "./crd.ts";
import { objectOf, specOf } from "./testing/example.ts";
import { badExamples } from "./testing/examples-bad.ts";
import { goodExamples } from "./testing/examples-good.ts";
import { parseClaudeRun } from "./parse.ts";
import { immutableFields, mutableFields } from "./spec.ts";
import type { StructuralSchema } from "./structural.ts";

describe("good examples", () => {
  it.each(goodExamples)("$title", (example) => {
    expect(parseClaudeRun(objectOf(specOf(example)))).toMatchObject({ ok: true });
  });

  it("use every field of spec", () => {
    const used = new Set(goodExamples.flatMap((example) => Object.keys(specOf(example) as object)));
    expect([...immutableFields, ...mutableFields].filter((field) => !used.has(field))).toEqual([]);
  });
});

describe("bad examples", () => {
  it.each(badExamples)("$title", (example) => {
    const parsed = parseClaudeRun(objectOf(specOf(example), example.name));
    const problems = parsed.ok ? [] : parsed.problems;
    expect(problems.join("\n")).toContain(example.problem);
    // Each problem is one line that contains "must".
    for (const problem of problems) expect(problem).toMatch(/^[^\n]*must [^\n]*$/);
  });
});

it("has a bad example for every rule", () => {
  const problems = badExamples.flatMap((example) => {
    const parsed = parseClaudeRun(objectOf(specOf(example), example.name));
    return parsed.ok ? [] : parsed.problems.map((problem) => problem.replace(/^spec[^:]*: /, ""));
  });
  const rules = (schema: StructuralSchema): string[] => [
    ...(schema["x-kubernetes-validations"] ?? [])
      .filter(({ rule }) => !rule.includes("oldSelf"))
      .map(({ message }) => message),
    ...[...Object.values(schema.properties ?? {}), schema.items ?? [], schema.additionalProperties ?? []]
      .flat()
      .flatMap(rules),
  ];
  expect([...new Set(rules(rootSchema()))].filter((message) => !problems.includes(message))).toEqual([]);
});

it("has at least 80 examples, and no sentence twice", () => {
  const sentences = [...goodExamples, ...badExamples].map(({ title }) => title);
  expect(sentences.length).toBeGreaterThanOrEqual(80);
  expect(new Set(sentences).size).toBe(sentences.length);
});
