/** Which texts the check finds in a file, and the lines that it reports for them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { longLines, textsOf } from "./extract.ts";
import { enforced, isIn, isUnder, type Scope } from "./scopes.ts";

/** The kind and lines of each text. */
function found(file: string, source: string): string[] {
  return textsOf(file, source).map(({ kind, lines }) => {
    return `${kind} ${lines.map(({ text, line }) => `${line}:${text}`).join(" / ")}`;
  });
}

it("comments in TypeScript: marks, code and examples are left out, adjacent lines are one text", () => {
  const source = `/**
 * Reads the \`status\` of a run
 * from https://example.com/a.
 *   node tools/example.ts
 * - first item
 * - second item
 */
const a = 1; // the next line is another text
// first line
// second line
const b = "// no comment";
`;
  expect(found("a.ts", source)).toEqual([
    "comments 2:Reads the x1 of a run / 3:from x1.",
    "comments 5:first item",
    "comments 6:second item",
    "comments 8:the next line is another text",
    "comments 9:first line / 10:second line",
  ]);
});

it("messages in TypeScript: sentences alone, with a word for each value, and the lines of their parts", () => {
  const source = `import a from "./the path of a.ts";
const path = "operator/kubernetes";
log("the pod of the run failed: " +
  \`\${name} was not \${fate("it was nested in here")}\`);
const usage = \`
  --flag   shows the first thing
           and the second thing
  --other  hides the third thing\`;
`;
  expect(found("a.ts", source)).toEqual([
    "messages 3:the pod of the run failed: / 4:x1 was not x2",
    "messages 4:it was nested in here",
    "messages 6:shows the first thing / 7:and the second thing",
    "messages 8:hides the third thing",
  ]);
});

it("a test's messages are the names of its cases", () => {
  const source = `it.each(rows)("keeps the %s of a run", () => { expect("some other long string"); });`;
  expect(found("a.test.ts", source)).toEqual(["messages 1:keeps the %s of a run"]);
});

it("a page cannot switch rules off", () => {
  expect(found("a.md", "<!-- vale off -->\n# Title\n")).toEqual(["pages 1:<!--  off --> / 2:# Title / 3:"]);
});

it("comments after # in YAML, without YAML that is commented out", () => {
  const source = `# yaml-language-server: $schema=x
key: "a # b" # the end of the line
# -- first line
# second line
# other: value
`;
  expect(found("values.yaml", source)).toEqual([
    "comments 2:the end of the line",
    "comments 3:first line / 4:second line",
  ]);
});

it("comments of shell scripts, known by their first line", () => {
  expect(found("tools/setup", "#!/bin/sh\n# Installs the packages.\na=\${b#c}\n")).toEqual([
    "comments 2:Installs the packages.",
  ]);
});

it("comments of templates, and the notes that a chart prints", () => {
  expect(found("a.tpl", "x: 1\n{{- /* A name\nof a run */ -}}\n")).toEqual(["comments 2:A name / 3:of a run"]);
  expect(found("templates/NOTES.txt", "{{ if .a }}\nThe run {{ .b }} waits:\nkubectl get clr\n{{ end }}")).toEqual([
    "messages 2:The run x1 waits:",
  ]);
});

it("a line of a page has at most 140 characters unless it is code, a line of a comment 120", () => {
  const page = ["a".repeat(140), "a".repeat(141), "```", "a".repeat(200), "```"].join("\n");
  expect(longLines(page, "pages").map(({ line }) => line)).toEqual([2]);
  const comments = [`// ${"a".repeat(117)}`, `// ${"a".repeat(118)}`, `const a = "${"a".repeat(120)}";`].join("\n");
  expect(longLines(comments, "comments").map(({ line }) => line)).toEqual([2]);
});

it("a scope is a folder or a file, not the start of a name", () => {
  expect([isUnder("tools/a.ts", ["tools"]), isUnder("Makefile", ["Makefile"]), isUnder("a/b.ts", ["."])]).toEqual([
    true,
    true,
    true,
  ]);
  expect(isUnder("toolsmith/a.ts", ["tools"])).toBe(false);
  const scope: Scope = { kind: "pages", under: ["."], pending: ["docs/old.md"] };
  expect(["docs/old.md", "docs/new.md"].map((file) => isIn(scope, file))).toEqual([false, true]);
});

it("the scopes name folders and files that exist", () => {
  const named = enforced.flatMap(({ under, pending = [] }) => [...under, ...pending]);
  expect(named.filter((path) => !existsSync(join(import.meta.dirname, "../..", path)))).toEqual([]);
});
