/**
 * Rules beyond types and bounds. Each rule has the CEL expression for the API server next to the predicate for zod,
 * so that a change of one shows the other.
 */
import * as z from "zod";

/** A rule on a value. */
export interface Rule<T> {
  /** CEL over `self`. */
  readonly rule: string;
  /** Advice: completes the sentence that begins with the field's path. */
  readonly message: string;
  /** The same rule in TypeScript. */
  readonly isValid: (value: T) => boolean;
}

/** A rule on a change. zod does not evaluate it, because creation has no old object to compare with. */
export interface TransitionRule {
  /** CEL over `self` and `oldSelf`. */
  readonly rule: string;
  readonly message: string;
  /** Path of the field that the message is about, relative to the schema that carries the rule. */
  readonly fieldPath?: string;
}

/** Returns the schema with the rules, as refinements for zod and x-kubernetes-validations for the API server. */
export function withRules<S extends z.ZodType>(schema: S, ...rules: readonly Rule<z.output<S>>[]): S {
  let refined = schema;
  for (const { isValid, message } of rules) refined = refined.refine(isValid, { error: message });
  return withValidations(
    refined,
    rules.map(({ rule, message }) => ({ rule, message })),
  );
}

/** Returns the schema with rules on its changes. */
export function withTransitionRules<S extends z.ZodType>(schema: S, ...rules: readonly TransitionRule[]): S {
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

/** A rule defined by a regular expression. */
export interface Format extends Rule<string> {
  /** The expression in RE2 syntax. */
  readonly pattern: string;
}

/** Returns a rule from a regular expression. It must mean the same in RE2 and JavaScript. */
export function matching(expression: RegExp, message: string): Format {
  const pattern = expression.source.replaceAll("\\/", "/");
  return {
    pattern,
    rule: `self.matches(${celString(pattern)})`,
    message,
    isValid: (value) => expression.test(value),
  };
}

/**
 * Returns the schema with a format as its pattern. A pattern is smaller than a rule, but the API server's own
 * message is then "should match". For use deep in the schema, as in Kubernetes' own types.
 */
export function withPattern<S extends z.ZodType<string>>(schema: S, format: Format): S {
  return schema.refine(format.isValid, { error: format.message }).meta({ pattern: format.pattern });
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
    isValid: (value) => fields.filter((field) => Object.hasOwn(value, field)).length === 1,
  };
}

/** At most one of two optional fields is set. */
export function notBoth(first: string, second: string): Rule<object> {
  return {
    rule: `!(has(self.${first}) && has(self.${second}))`,
    message: `must not set both ${first} and ${second}: keep one of them`,
    isValid: (value) => !(Object.hasOwn(value, first) && Object.hasOwn(value, second)),
  };
}

/** The field keeps its value and its presence. The rule belongs to the object that has the field. */
export function immutable(field: string, presence: "always" | "optional"): TransitionRule {
  const same = `self.${field} == oldSelf.${field}`;
  return {
    rule:
      presence === "always" ? same : `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || ${same})`,
    message: `${field} is immutable: create a new run`,
    fieldPath: `.${field}`,
  };
}
