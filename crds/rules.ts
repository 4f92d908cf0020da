/**
 * Rules beyond types and bounds. Each is one entry: the CEL expression that the API server evaluates and the predicate
 * that zod evaluates stand side by side, so that neither can be changed without seeing the other.
 */
import * as z from "zod";

/** A rule on a value. */
export interface Rule<T> {
  /** CEL over `self`. */
  readonly rule: string;
  /** Advice: completes the sentence that begins with the field's path. */
  readonly message: string;
  /** The same rule in TypeScript. */
  readonly holds: (value: T) => boolean;
}

/** A rule on a change; there is nothing to compare with when an object is created, so zod has no part in it. */
export interface TransitionRule {
  /** CEL over `self` and `oldSelf`. */
  readonly rule: string;
  readonly message: string;
  /** Path of the field that the message is about, relative to the schema that carries the rule. */
  readonly fieldPath?: string;
}

/** The schema with the rules: refinements for zod, x-kubernetes-validations for the API server. */
export function obeying<S extends z.ZodType>(schema: S, ...rules: readonly Rule<z.output<S>>[]): S {
  let refined = schema;
  for (const { holds, message } of rules) refined = refined.refine(holds, { error: message });
  return withValidations(
    refined,
    rules.map(({ rule, message }) => ({ rule, message })),
  );
}

/** The schema with rules on its changes. */
export function changing<S extends z.ZodType>(schema: S, ...rules: readonly TransitionRule[]): S {
  return withValidations(schema, rules);
}

function withValidations<S extends z.ZodType>(schema: S, added: readonly object[]): S {
  if (added.length === 0) return schema;
  const present: unknown = schema.meta()?.["x-kubernetes-validations"];
  const earlier: readonly unknown[] = Array.isArray(present) ? present : [];
  return schema.meta({ "x-kubernetes-validations": [...earlier, ...added] });
}

/** The text as a CEL string literal. */
export function celString(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** The texts as a CEL list. */
export function celList(texts: readonly string[]): string {
  return `[${texts.map(celString).join(", ")}]`;
}

/** A rule that a regular expression states. */
export interface Format extends Rule<string> {
  /** The expression, as RE2 reads it. */
  readonly pattern: string;
}

/** A rule that a regular expression states; only what RE2 and JavaScript read alike may be used in it. */
export function matching(expression: RegExp, message: string): Format {
  const pattern = expression.source.replaceAll("\\/", "/");
  return {
    pattern,
    rule: `self.matches(${celString(pattern)})`,
    message,
    holds: (value) => expression.test(value),
  };
}

/**
 * The schema with a format as its pattern: smaller than a rule, but the API server then says "should match" in its own
 * words. For the depths of the schema, where Kubernetes' own types do the same.
 */
export function patterned<S extends z.ZodType<string>>(schema: S, format: Format): S {
  return schema.refine(format.holds, { error: format.message }).meta({ pattern: format.pattern });
}

/** Exactly one of the optional fields is set. */
export function exactlyOneOf(...fields: readonly string[]): Rule<object> {
  const [first, second] = fields;
  const rule =
    fields.length === 2
      ? `has(self.${first}) != has(self.${second})`
      : `[${fields.map((field) => `has(self.${field})`).join(", ")}].exists_one(set, set)`;
  return {
    rule,
    message: `must set exactly one of ${fields.join(", ")}`,
    holds: (value) => fields.filter((field) => Object.hasOwn(value, field)).length === 1,
  };
}

/** At most one of two optional fields is set. */
export function notBoth(first: string, second: string): Rule<object> {
  return {
    rule: `!(has(self.${first}) && has(self.${second}))`,
    message: `must not set both ${first} and ${second}: keep one of them`,
    holds: (value) => !(Object.hasOwn(value, first) && Object.hasOwn(value, second)),
  };
}

/** The field keeps its value and its presence; stands on the object that has the field. */
export function immutable(field: string, presence: "always" | "optional"): TransitionRule {
  const same = `self.${field} == oldSelf.${field}`;
  return {
    rule:
      presence === "always" ? same : `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || ${same})`,
    message: `${field} is immutable: create a new run`,
    fieldPath: `.${field}`,
  };
}
