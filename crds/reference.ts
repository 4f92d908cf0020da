/** docs/api-reference.md: every field of the schema with its type, limits, default and rules. */
import { rootSchema } from "./crd.ts";
import { apiVersion, category, kind, plural, shortName } from "./names.ts";
import { mutableFields } from "./spec.ts";
import type { StructuralSchema } from "./structural.ts";

/** Returns the page as unformatted Markdown. */
export function apiReference(): string {
  const root = rootSchema();
  const { spec, status } = root.properties ?? {};
  if (spec === undefined || status === undefined) throw new Error("the schema has no spec or no status");
  return [
    `# API reference: ${kind}`,
    `\`apiVersion: ${apiVersion}\`, \`kind: ${kind}\`; namespaced. \`kubectl get ${plural}\` (short \`${shortName}\`, category ` +
      `\`${category}\`). \`kubectl explain ${plural}.spec\` shows the same descriptions.`,
    "Unknown fields are rejected (`kubectl` requests that by default) or pruned. Fields of `spec` are immutable after " +
      `creation except ${[...mutableFields].map(code).join(", ")}. Selectable fields: \`spec.agent\` and \`status.phase\`. ` +
      "`metadata.name` has at most 63 characters.",
    "Fields without a default here get their default from the operator's settings. " +
      "[failure-reasons.md](failure-reasons.md) explains each reason in `status` and its next step.",
    ...section("spec", spec),
    ...section("status", status),
  ].join("\n\n");
}

/** Returns an object's fields, then the fields of the objects in it. */
function section(path: string, schema: StructuralSchema): string[] {
  const fields = Object.entries(schema.properties ?? {});
  const lines = fields.map(([name, field]) => entry(path, name, field, schema.required?.includes(name) === true));
  const rules = rulesOf(schema);
  const nested = fields.flatMap(([name, field]) => {
    const inner = objectIn(field);
    return inner === undefined ? [] : section(`${path}.${name}${suffix(field)}`, inner);
  });
  return [
    `## \`${path}\``,
    ...(schema.description === undefined ? [] : [schema.description]),
    lines.join("\n"),
    ...(rules.length === 0 ? [] : [`It ${rules.join(". It ")}.`]),
    ...nested,
  ];
}

function entry(path: string, name: string, field: StructuralSchema, required: boolean): string {
  const facts = [
    type(field),
    ...(required ? ["required"] : []),
    ...limits(field),
    ...(field.default === undefined ? [] : [`default ${code(JSON.stringify(field.default))}`]),
    ...(path === "spec" && mutableFields.has(name) ? ["may be changed"] : []),
  ];
  const rules = objectIn(field) === undefined ? rulesOf(field, field.items, field.additionalProperties) : [];
  const advice = rules.length === 0 ? "" : ` It ${rules.join(". It ")}.`;
  return `- **${code(name)}** (${facts.join(", ")})${field.description === undefined ? "" : `: ${field.description}`}${advice}`;
}

function type(field: StructuralSchema): string {
  if (field["x-kubernetes-int-or-string"] === true) return "quantity";
  if (field.items !== undefined) return `list of ${plain(field.items)}`;
  if (field.additionalProperties !== undefined) return `map to ${plain(field.additionalProperties)}`;
  if (field.format === "date-time") return "time";
  return field.type ?? "object";
}

function plain(item: StructuralSchema): string {
  if (item["x-kubernetes-int-or-string"] === true) return "quantities";
  const bound = item.maxLength === undefined ? "" : ` of at most ${item.maxLength} characters`;
  return `${item.type ?? "object"}s${bound}`;
}

function limits(field: StructuralSchema): string[] {
  if (field["x-kubernetes-int-or-string"] === true || field.format === "date-time") return [];
  if (field.enum !== undefined) return [`one of ${field.enum.map((value) => code(JSON.stringify(value))).join(", ")}`];
  const { minimum, maximum } = field;
  const range = maximum === undefined ? `at least ${minimum ?? 0}` : `${minimum ?? 0} to ${maximum}`;
  return [
    ...(minimum === undefined && maximum === undefined ? [] : [range]),
    ...(field.maxLength === undefined ? [] : [`at most ${field.maxLength} characters`]),
    ...(field.maxItems === undefined ? [] : [`at most ${field.maxItems} items`]),
    ...(field.maxProperties === undefined ? [] : [`at most ${field.maxProperties} entries`]),
    ...(field.pattern === undefined ? [] : [`pattern ${code(field.pattern)}`]),
  ];
}

/** Returns the messages of the rules that apply at creation; the top of the page explains immutability once. */
function rulesOf(...schemas: readonly (StructuralSchema | undefined)[]): string[] {
  return schemas
    .flatMap((schema) => schema?.["x-kubernetes-validations"] ?? [])
    .filter(({ rule }) => !rule.includes("oldSelf"))
    .map(({ message }) => message.replaceAll("*", "\\*"));
}

function objectIn(field: StructuralSchema): StructuralSchema | undefined {
  const inner = field.items ?? field;
  return inner.properties === undefined ? undefined : inner;
}

function suffix(field: StructuralSchema): string {
  return field.items === undefined ? "" : "[]";
}

function code(text: string): string {
  return `\`${text}\``;
}
