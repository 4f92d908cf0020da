/**
 * Bounded building blocks of the schemas. Every string, list and map of the API is built here, so none is
 * unbounded.
 */
import * as z from "zod";
import { dataKey, dnsSubdomain, quantityFormat } from "./formats.ts";
import { exactlyOneOf, withRules, withPattern, type Rule } from "./rules.ts";

/** Longest name of a Kubernetes object. */
const NAME_LENGTH = 253;

/** Length in code points, as the API server counts it; JavaScript counts UTF-16 units. */
function codePoints(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    count++;
    if ((text.codePointAt(i) ?? 0) > 0xffff) i++;
  }
  return count;
}

/** A string of at most `max` characters. `min` defaults to 1, or to 0 where a rule rejects the empty string. */
export function text(bounds: { min?: number; max: number }, ...rules: readonly Rule<string>[]) {
  const { min = rules.every(({ isValid }) => isValid("")) ? 1 : 0, max } = bounds;
  const schema = z
    .string()
    .refine((value) => codePoints(value) >= min, {
      error: min === 1 ? "must not be empty" : `must be at least ${min} characters long`,
      abort: true,
    })
    .refine((value) => codePoints(value) <= max, { error: `must be at most ${max} characters long`, abort: true })
    .meta(min === 0 ? { maxLength: max } : { minLength: min, maxLength: max });
  return withRules(schema, ...rules);
}

/** The name of another object, with advice when it is invalid. */
export function objectName(description: string) {
  return text({ max: NAME_LENGTH }, dnsSubdomain).describe(description);
}

/** The name of another object deep in the schema, where a pattern is smaller than a rule. */
export function nestedName() {
  return withPattern(text({ min: 0, max: NAME_LENGTH }), dnsSubdomain);
}

/** A key in the data of a Secret or a ConfigMap. */
export function keyInData() {
  return withPattern(text({ min: 0, max: NAME_LENGTH }), dataKey);
}

/** A whole number. */
export function integer(min: number, max: number) {
  return z.int().min(min).max(max);
}

/** A count that only grows; its only maximum is the largest exact integer of a double. */
export function count() {
  return z.int().min(0);
}

/** A point in time, RFC 3339. */
export function time() {
  return text({ max: 64 })
    .refine((value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value), {
      error: "must be a time in RFC 3339, such as 2026-01-31T12:00:00Z",
    })
    .meta({ format: "date-time" });
}

/** A list of at most `max` items. */
export function list<S extends z.ZodType>(item: S, max: number) {
  return z.array(item).max(max);
}

/** A list whose items are identified by a key. */
export function keyedList<S extends z.ZodType<Record<K, unknown>>, K extends string>(item: S, key: K, max: number) {
  return list(item, max)
    .refine((items) => new Set(items.map((each) => each[key])).size === items.length, {
      error: `must not have two items of the same ${key}`,
    })
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] });
}

/**
 * An object of known fields. The API server treats null as absent in objects and maps (not in lists), so nulls of known
 * fields are removed first. An unknown field is rejected even with null.
 */
export function object<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const schema = z.strictObject(shape);
  type Object = typeof schema;
  const isNull = (name: string, value: unknown) => value === null && Object.hasOwn(shape, name);
  return z.preprocess((given) => without(given, isNull), schema) as unknown as z.ZodType<
    z.output<Object>,
    z.input<Object>
  >;
}

/** Kubernetes' qualified names: a prefix of 253 characters, a slash, a name of 63. */
const KEY_LENGTH = 317;

/** A CRD cannot use OpenAPI's propertyNames; without this rule a key may be as long as the object. */
const shortKeys: Rule<Readonly<Record<string, unknown>>> = {
  rule: `self.all(key, size(key) <= ${KEY_LENGTH})`,
  message: `must have keys of at most ${KEY_LENGTH} characters`,
  isValid: (entries) => Object.keys(entries).every((key) => codePoints(key) <= KEY_LENGTH),
};

/** A map of at most `max` entries with keys of at most 317 characters. */
export function mapOf<S extends z.ZodType>(value: S, max: number) {
  const schema = z
    .record(z.string(), value)
    .refine((entries) => Object.keys(entries).length <= max, { error: `must have at most ${max} entries` });
  type Map = typeof schema;
  const isNull = (_name: string, given: unknown) => given === null;
  const withoutNulls = z.preprocess((given) => without(given, isNull), schema) as unknown as z.ZodType<
    z.output<Map>,
    z.input<Map>
  >;
  return withRules(withoutNulls.meta({ maxProperties: max }), shortKeys);
}

function without(given: unknown, leftOut: (name: string, value: unknown) => boolean): unknown {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return given;
  return Object.fromEntries(Object.entries(given).filter(([name, value]) => !leftOut(name, value)));
}

/** A Kubernetes quantity: a number or a string with a unit. */
export function quantity() {
  const { isValid, message, pattern } = quantityFormat;
  const written = z.string().refine((value) => value.length <= 32 && isValid(value), { error: message });
  return z.union([z.int().min(0), written], { error: message }).meta({
    "x-kubernetes-int-or-string": true,
    minimum: 0,
    maxLength: 32,
    pattern,
  });
}

/** A field that the API server fills in when it is absent. */
export function withDefault<S extends z.ZodType>(
  schema: S,
  value: z.output<S> & (string | number | boolean),
): z.ZodDefault<S> {
  return schema.default(value as never);
}

/** Marks a default that the operator applies, not the API server. */
export const defaultByOperator = "x-default-by-operator";

/**
 * A field that the operator fills in when it is absent. Use it for fields newer than a released operator: that operator
 * would reject every run to which the API server added an unknown field (docs/decisions.md 78).
 */
export function withOperatorDefault<S extends z.ZodType>(
  schema: S,
  value: z.output<S> & (string | number | boolean),
): z.ZodDefault<S> {
  return withDefault(schema, value).meta({ [defaultByOperator]: true });
}

/** One key of a Secret or a ConfigMap in the run's namespace. */
export function keyOf(kind: "Secret" | "ConfigMap") {
  return object(keyFields(kind));
}

/** The fields that name one key. */
export function keyFields(kind: "Secret" | "ConfigMap") {
  return { name: nestedName().describe(`Name of the ${kind}.`), key: keyInData().describe("Key in its data.") };
}

/** One key of either a Secret or a ConfigMap. */
export function keySource() {
  return withRules(
    object({
      secretKeyRef: keyOf("Secret").describe("A key of a Secret.").exactOptional(),
      configMapKeyRef: keyOf("ConfigMap").describe("A key of a ConfigMap.").exactOptional(),
    }),
    exactlyOneOf("secretKeyRef", "configMapKeyRef"),
  );
}
