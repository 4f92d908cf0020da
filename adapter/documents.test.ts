/** What stands in documents and charts is what the code says, and which of the 42 cases are asserted by a test. */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { permissions } from "./environment/permissions.ts";
import { errorCodes, otherCodes } from "./result/error-codes.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (file: string): string => readFileSync(root + file, "utf8");

/** Cases of the adapter that this one replaces that no test asserts yet: what is true of them is not proven. */
const missing = [17, 18, 24, 28, 29, 30, 31];

it("every case has a test that bears its number, or stands in the list of missing ones", () => {
  const titles = globSync("adapter/**/*.test.ts", { cwd: root })
    .flatMap((file) => [...read(file).matchAll(/\(\s*["`]case (\d+)\b/g)])
    .map(([, number]) => Number(number));
  const asserted = new Set(titles);
  const holes = Array.from({ length: 42 }, (_, n) => n + 1).filter((number) => !asserted.has(number));
  expect(holes).toEqual(missing);
});

it("docs/adapter.md has every error code", () => {
  const rows = [
    ...Object.entries(errorCodes).map(([reason, { code, family }]) => `| ${reason} | \`${code}\` | ${family ?? ""} |`),
  ];
  const shown = /<!-- errors -->\n([\s\S]*)<!-- \/errors -->/.exec(read("docs/adapter.md"))?.[1] ?? "";
  const normal = (text: string): string => text.replaceAll(/ +/g, " ");
  for (const row of rows) expect(normal(shown)).toContain(normal(row));
  for (const [code, meaning] of Object.entries(otherCodes))
    expect(normal(shown)).toContain(`| \`${code}\` | ${meaning} |`);
});

it("the chart grants what the adapter uses, and nothing else", () => {
  const template = read("charts/claude-run-operator/templates/adapter-role.yaml").replaceAll(/\{\{.*?\}\}/g, "x");
  const { rules } = parse(template) as {
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
