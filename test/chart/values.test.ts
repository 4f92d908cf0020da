/** What stands in several files of the chart and must say the same: values, their schema, the operator's settings, its metrics. */
import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { schema as settings } from "../../operator/config.ts";

const read = (file: string): string =>
  readFileSync(new URL(`../../charts/claude-run-operator/${file}`, import.meta.url), "utf8");

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
}

const schema = JSON.parse(read("values.schema.json")) as Schema;
const values = parse(read("values.yaml")) as Record<string, unknown>;

/** Paths of all values that the schema knows by name. */
function described(at: Schema, path = ""): string[] {
  return Object.entries(at.properties ?? {}).flatMap(([name, each]) =>
    each.properties === undefined ? [`${path}${name}`] : described(each, `${path}${name}.`),
  );
}

function closed(at: Schema, path = "/"): string[] {
  if (at.properties === undefined) return [];
  const inside = Object.entries(at.properties).flatMap(([name, each]) => closed(each, `${path}${name}/`));
  return at.additionalProperties === false ? inside : [path, ...inside];
}

function valueAt(path: string): unknown {
  return path.split(".").reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], values);
}

describe("values.schema.json", () => {
  it("knows each value of values.yaml, describes it, and nothing else", () => {
    // What a parent chart brings along is taken, and has no default.
    const known = described(schema).filter((path) => path !== "global" && path !== "tags");
    expect(known.filter((path) => valueAt(path) === undefined)).toEqual([]);
    const leaves = (at: Record<string, unknown>, path = ""): string[] =>
      Object.entries(at).flatMap(([name, each]) =>
        known.includes(`${path}${name}`) || typeof each !== "object" || each === null
          ? [`${path}${name}`]
          : leaves(each as Record<string, unknown>, `${path}${name}.`),
      );
    expect(leaves(values).toSorted()).toEqual(known.toSorted());
  });

  it("refuses what it does not know, on every level", () => {
    expect(closed(schema)).toEqual([]);
  });

  it("has a description of each value", () => {
    const bare = (at: Schema, path = ""): string[] =>
      Object.entries(at.properties ?? {}).flatMap(([name, each]) => [
        ...(each.description === undefined ? [`${path}${name}`] : []),
        ...bare(each, `${path}${name}.`),
      ]);
    expect(bare(schema)).toEqual([]);
  });
});

it("the chart writes every setting of the operator, by its name, but the one that images have", () => {
  const written = [...read("templates/config.yaml").matchAll(/^ {2}"(\w+)" /gm)].map(([, name]) => name);
  expect(written.toSorted()).toEqual(
    Object.keys(settings)
      .filter((name) => name !== "runnerFile")
      .toSorted(),
  );
});

it("each template asks first whether the chart is enabled, which completes its values", () => {
  const asks = '{{- if include "claude-run-operator.enabled" . }}';
  const templates = readdirSync(new URL("../../charts/claude-run-operator/templates", import.meta.url));
  const bare = templates.filter((file) => file.endsWith(".yaml") && !read(`templates/${file}`).includes(asks));
  expect(bare).toEqual([]);
});

it("each template of ours has the chart's name: Helm shares template names with the charts around it", () => {
  const files = readdirSync(new URL("../../charts/claude-run-operator/templates", import.meta.url));
  const defined = files.flatMap((file) => [...read(`templates/${file}`).matchAll(/define "([^"]+)"/g)]);
  expect(defined.map(([, name = ""]) => name).filter((name) => !name.startsWith("claude-run-operator."))).toEqual([]);
});

describe("alerts and dashboard", () => {
  const page = readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8");
  const exposed = [...page.matchAll(/^\| `(\w+)` +\| (\w+)/gm)].flatMap(([, name = "", type]) =>
    type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
  // kube-state-metrics' own, for what no operator can tell
  const others = ["kube_pod_deletion_timestamp", "kube_pod_container_info"];
  const named = (text: string): string[] => [
    ...new Set(text.match(/\b(?:claude_run|process|nodejs|kube_pod)_\w+\b/g) ?? []),
  ];

  it.each(["templates/prometheus-rule.yaml", "files/dashboard.json"])("%s names only metrics that exist", (file) => {
    expect(named(read(file)).filter((name) => !exposed.includes(name) && !others.includes(name))).toEqual([]);
  });

  it("the dashboard shows every metric of ours", () => {
    const shown = named(read("files/dashboard.json"));
    const families = [...page.matchAll(/^\| `(claude_run\w+)`/gm)].map(([, name = ""]) => name);
    expect(families.filter((family) => !shown.some((name) => name.startsWith(family)))).toEqual([]);
  });

  it("each alert has a row in docs/operations.md", () => {
    const operations = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");
    const alerts = [...read("templates/prometheus-rule.yaml").matchAll(/alert: (\w+)/g)].map(([, name = ""]) => name);
    expect(alerts.filter((alert) => !operations.includes(`| \`${alert}\``))).toEqual([]);
  });
});
