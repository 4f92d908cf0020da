/** An example's prompt can be answered: whatever it speaks of is in the prompt, or the run can reach it. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import type { ClaudeRunSpecInput } from "../../crds/claude-run.ts";
import { blocksOf, pages } from "../docs/pages.ts";
import { checkout } from "../docs/shell.ts";

interface Found {
  readonly where: string;
  readonly spec: ClaudeRunSpecInput;
}

/** The ClaudeRuns in a text of YAML, those inside of a ConfigMap's keys too. */
function runsIn(where: string, text: string): Found[] {
  return parseAllDocuments(text).flatMap((document) => {
    const object = document.toJS() as { kind?: string; data?: Record<string, string>; spec?: unknown } | null;
    if (object?.kind === "ClaudeRun") return [{ where, spec: object.spec as ClaudeRunSpecInput }];
    if (object?.kind !== "ConfigMap") return [];
    return Object.entries(object.data ?? {})
      .filter(([key]) => key.endsWith(".yaml"))
      .flatMap(([key, inner]) => runsIn(`${where} ${key}`, inner));
  });
}

/** What a prompt speaks of, and what a run must have so that claude finds it. */
const subjects: readonly [RegExp, string, (spec: ClaudeRunSpecInput) => boolean][] = [
  [/\b(repositor\w+|branch|commits?|pull request|dependenc\w+)\b/i, "a repository", hasRepository],
  [
    /\b(below|following)\b|\bthis (change|diff|issue|file)\b/i,
    "a text below",
    ({ prompt = "" }) => /\n\s*\n\S/.test(prompt),
  ],
  [/\/workspace\b/, "files in the workspace", ({ workspace }) => workspace !== undefined],
  [/\bthis ticket\b/i, "a ticket", ({ prompt = "" }) => /\?\s+\S{3,}/.test(prompt)],
];

/** By its address in the prompt and a tool that clones it, by a hook and a variable, or on a claim. */
function hasRepository({ prompt = "", claude, pod, workspace }: ClaudeRunSpecInput): boolean {
  const isNamed = /https:\/\/\S+\.git\b/.test(prompt);
  const clones = (claude?.allowedTools ?? []).some((tool) => /^Bash(\(git|$)/.test(tool));
  const isHooked = claude?.settingsFrom !== undefined && (pod?.env ?? []).some(({ name }) => name === "REPOSITORY");
  return (isNamed && clones) || isHooked || workspace?.persistentVolumeClaim !== undefined;
}

/** What the prompt speaks of, and the run lacks. */
function lacks(spec: ClaudeRunSpecInput): string[] {
  const prompt = spec.prompt ?? "";
  return subjects.filter(([word, , has]) => word.test(prompt) && !has(spec)).map(([, what]) => what);
}

const directory = join(checkout, "examples");
const runs = [
  ...readdirSync(directory)
    .filter((name) => name.endsWith(".yaml"))
    .flatMap((name) => runsIn(`examples/${name}`, readFileSync(join(directory, name), "utf8"))),
  ...pages
    .flatMap(blocksOf)
    .filter(({ language, text }) => language === "yaml" && /^kind: ClaudeRun$/m.test(text))
    .flatMap(({ page, line, text }) => runsIn(`${page}:${line}`, text)),
];

it("finds the runs of examples and pages", () => {
  expect(runs.length).toBeGreaterThan(12);
  expect(runs.map(({ where }) => where)).toEqual(expect.arrayContaining(["examples/nightly.yaml run.yaml"]));
});

it.each(runs.map(({ where, spec }) => [where, spec] as const))("%s: has what its prompt speaks of", (_, spec) => {
  expect(spec.prompt ?? spec.promptFrom).toBeDefined();
  expect(lacks(spec)).toEqual([]);
});

describe("a prompt without what it speaks of is found", () => {
  it.each([
    ["Review the last commit of the repository in /workspace.", ["a repository", "files in the workspace"]],
    ["Look for dependencies that are out of date and list them.", ["a repository"]],
    ["Read the issue below and propose an answer.", ["a text below"]],
    ["Review the changes on branch feature/login.", ["a repository"]],
    ["Say hello in one sentence.", []],
  ])("%s", (prompt, missing) => {
    expect(lacks({ agent: "a", prompt })).toEqual(missing);
  });
});

it("every command of the pages that makes a run says with which Secret", () => {
  const commands = pages
    .flatMap(blocksOf)
    .filter(({ language }) => language === "sh")
    .flatMap(({ page, text }) => text.split("\n").map((line) => `${page}: ${line}`))
    .filter((line) => /kubectl claude run\b/.test(line));
  expect(commands.length).toBeGreaterThanOrEqual(5);
  expect(commands.filter((line) => !line.includes("--credentials "))).toEqual([]);
});
