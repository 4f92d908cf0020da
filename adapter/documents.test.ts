/** Documents and charts match the code, and each of the 42 cases has a test. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { permissions } from "../client/checks/permissions.ts";
import { errorCodes, otherCodes } from "./result/error-codes.ts";
import { assertions, cases, page } from "./testing/cases.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (file: string): string => readFileSync(root + file, "utf8");

it("each of the 42 cases has a test with its number, and docs/adapter-cases.md lists them", () => {
  const found = assertions();
  const holes = cases.flatMap((words, n) => (found.has(n + 1) ? [] : [`case ${n + 1}: ${words}`]));
  expect(holes).toEqual([]);
  expect(cases).toHaveLength(42);
  const normal = (text: string): string => text.replaceAll(/ +/g, " ").replaceAll(/-+/g, "-");
  expect(normal(read("docs/adapter-cases.md")), "node adapter/testing/cases.ts > docs/adapter-cases.md").toBe(
    normal(page()),
  );
});

it("docs/adapter.md has every error code", () => {
  const rows = [
    ...Object.entries(errorCodes).map(
      ([reason, { code, family }]) => `| \`${reason}\` | \`${code}\` | ${family ?? ""} |`,
    ),
  ];
  const shown = /<!-- errors -->\n([\s\S]*)<!-- \/errors -->/.exec(read("docs/adapter.md"))?.[1] ?? "";
  const normal = (text: string): string => text.replaceAll(/ +/g, " ");
  for (const row of rows) expect(normal(shown)).toContain(normal(row));
  for (const [code, meaning] of Object.entries(otherCodes))
    expect(normal(shown)).toContain(`| \`${code}\` | ${meaning} |`);
});

it("the chart grants what the adapter uses, and nothing else", () => {
  const template = read("charts/claude-run-operator/templates/adapter-role.yaml")
    .replaceAll(/^\s*\{\{.*?\}\}\s*$/gm, "")
    .replaceAll(/\{\{.*?\}\}/g, "x");
  const [role] = template.split("\n---\n");
  const { rules } = parse(role ?? "") as {
    rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
  };
  const granted = rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => `${group}/${resource}/${verb}`))),
  );
  const used = permissions.map(
    ({ group, resource, subresource, verb }) =>
      `${group}/${resource}${subresource === undefined ? "" : `/${subresource}`}/${verb}`,
  );
  expect(granted.toSorted()).toEqual(used.toSorted());
});
