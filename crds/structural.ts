/**
 * Converts a zod schema to the structural OpenAPI schema of a CRD. Works with an allow-list: anything that the API
 * server would ignore, reject or read differently is an error here and never silently dropped.
 */
import * as z from "zod";
import { defaultByOperator } from "./fields.ts";
import { isObject } from "./json.ts";

/** A node of a structural schema. */
export interface StructuralSchema {
  type?: string;
  format?: string;
  description?: string;
  default?: unknown;
  enum?: readonly unknown[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  required?: readonly string[];
  properties?: Record<string, StructuralSchema>;
  items?: StructuralSchema;
  additionalProperties?: StructuralSchema;
  "x-kubernetes-int-or-string"?: boolean;
  "x-kubernetes-list-type"?: string;
  "x-kubernetes-list-map-keys"?: readonly string[];
  "x-kubernetes-validations"?: readonly { rule: string; message: string; fieldPath?: string }[];
}

const known: ReadonlySet<string> = new Set<keyof StructuralSchema>([
  "type",
  "format",
  "description",
  "default",
  "enum",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "pattern",
  "minItems",
  "maxItems",
  "maxProperties",
  "required",
  "properties",
  "items",
  "additionalProperties",
  "x-kubernetes-int-or-string",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-validations",
]);
const knownTypes = ["string", "integer", "boolean", "array", "object"];
/** Keywords that come first in a node, in this order. */
const firstKeywords = ["type", "description"];

/** A schema that has no structural form. */
export class NotStructural extends Error {
  constructor(path: string, why: string) {
    super(`${path}: ${why}`);
    this.name = "NotStructural";
  }
}

/** Returns the structural schema equivalent to the zod schema; throws NotStructural if there is none. */
export function toStructural(schema: z.ZodType): StructuralSchema {
  // io "output" would make fields with defaults required.
  const json = z.toJSONSchema(schema, {
    target: "openapi-3.0",
    io: "input",
    unrepresentable: "throw",
    cycles: "throw",
    reused: "inline",
  });
  return convert(json, "$");
}

function convert(node: unknown, path: string): StructuralSchema {
  if (!isObject(node)) throw new NotStructural(path, "is not a schema");
  const given = Object.fromEntries(Object.entries(node).filter(([keyword]) => keyword !== "$schema"));
  if (given["x-kubernetes-int-or-string"] === true) delete given["anyOf"];
  if (given["additionalProperties"] === false) delete given["additionalProperties"]; // unknown fields are pruned
  if (given["type"] === "integer") withoutSafeLimits(given);
  const described = given[defaultByOperator] === true ? withDefaultInDescription(given) : given;
  check(described, path);
  return ordered({
    ...(described as StructuralSchema),
    ...(isObject(given["properties"]) && { properties: convertAll(given["properties"], path) }),
    ...(given["items"] !== undefined && { items: convert(given["items"], `${path}[]`) }),
    ...(given["additionalProperties"] !== undefined && {
      additionalProperties: convert(given["additionalProperties"], `${path}.*`),
    }),
  });
}

function convertAll(properties: Record<string, unknown>, path: string): Record<string, StructuralSchema> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, convert(property, `${path}.${name}`)]),
  );
}

/** Removes the limits of a double that zod adds to every integer. */
function withoutSafeLimits(node: Record<string, unknown>): void {
  if (node["minimum"] === Number.MIN_SAFE_INTEGER) delete node["minimum"];
  if (node["maximum"] === Number.MAX_SAFE_INTEGER) delete node["maximum"];
}

/** Moves a default that the API server does not apply into the description. */
function withDefaultInDescription(node: Record<string, unknown>): Record<string, unknown> {
  const rest = Object.entries(node).filter(([keyword]) => keyword !== "default" && keyword !== defaultByOperator);
  const description = `${String(node["description"])} Default: ${JSON.stringify(node["default"])}.`;
  return { ...Object.fromEntries(rest), description };
}

function check(node: Record<string, unknown>, path: string): void {
  for (const keyword of Object.keys(node)) {
    if (!known.has(keyword)) {
      throw new NotStructural(path, `${keyword} is not structural: use a flat object of optional fields and a rule`);
    }
  }
  const { type, pattern } = node;
  const either = node["x-kubernetes-int-or-string"] === true;
  if (either === (type !== undefined)) throw new NotStructural(path, "needs a type, or to be int-or-string");
  if (!either && !knownTypes.includes(String(type))) throw new NotStructural(path, `has the type ${String(type)}`);
  if (node["properties"] !== undefined && node["additionalProperties"] !== undefined) {
    throw new NotStructural(path, "properties and additionalProperties exclude each other");
  }
  if (type === "array" && node["items"] === undefined) throw new NotStructural(path, "is an array without items");
  if (typeof pattern === "string" && /\(\?[=!<]|\\[1-9]/.test(pattern)) {
    throw new NotStructural(path, `${pattern} needs look-around or back references, which RE2 does not support`);
  }
}

function ordered(node: StructuralSchema): StructuralSchema {
  const rank = (keyword: string) => {
    const first = firstKeywords.indexOf(keyword);
    return first === -1 ? firstKeywords.length : first;
  };
  return Object.fromEntries(Object.entries(node).toSorted(([a], [b]) => rank(a) - rank(b)));
}
