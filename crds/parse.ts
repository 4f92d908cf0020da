/** Validates objects. Reports one line per problem, each with the next step. */
import * as z from "zod";
import { claudeRunSchema, type ClaudeRun } from "./claude-run.ts";
import { isObject } from "./json.ts";

/** The value with defaults filled in, or its problems, such as "spec.agent: must be …". */
export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly string[] };

type Issue = z.core.$ZodIssue;

/**
 * Reads a ClaudeRun as the API server does on creation: validates spec and name, and fills in defaults. Passes the
 * rest of metadata and the status through unchanged: the API server validates metadata, ignores a client's status
 * and validated the operator's status when it was written.
 */
export function parseClaudeRun(document: unknown): Parsed<ClaudeRun> {
  if (!isObject(document)) return parseWith(z.never({ error: "must be an object" }), document);
  const { status, ...validated } = document;
  const parsed = parseWith(claudeRunSchema, validated);
  if (!parsed.ok) return parsed;
  const passedThrough = { metadata: validated["metadata"], ...(status !== undefined && { status }) };
  return { ok: true, value: { ...parsed.value, ...passedThrough } as ClaudeRun };
}

/** Reads a value by its schema, with this API's advice instead of zod's messages. */
export function parseWith<S extends z.ZodType>(
  schema: S,
  value: unknown,
  root: readonly PropertyKey[] = [],
): Parsed<z.output<S>> {
  const parsed = schema.safeParse(value, { error: (issue) => advice(issue as Issue) });
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, problems: parsed.error.issues.map((issue) => line([...root, ...issue.path], issue.message)) };
}

function line(path: readonly PropertyKey[], message: string): string {
  const written = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return written === "" ? message : `${written.replace(/^\./, "")}: ${message}`;
}

/** The message for a problem that zod itself finds; undefined for rules, which have their own message. */
function advice(issue: Issue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? `must be set: ${kind(issue.expected)}` : `must be ${kind(issue.expected)}`;
    case "invalid_value":
      return `must be ${issue.values.length === 1 ? "" : "one of "}${issue.values.map(shown).join(", ")}`;
    case "too_big":
      return `must be at most ${issue.maximum}${unit(issue.origin)}`;
    case "too_small":
      return `must be at least ${issue.minimum}${unit(issue.origin)}`;
    case "unrecognized_keys":
      return `must not have the unknown ${issue.keys.length === 1 ? "field" : "fields"} ${issue.keys.join(", ")}: correct or remove`;
    case "custom":
    case "invalid_element":
    case "invalid_format":
    case "invalid_key":
    case "invalid_union":
    case "not_multiple_of":
      return undefined;
  }
}

function shown(value: unknown): string {
  return value === "" ? '""' : String(value);
}

function kind(expected: string): string {
  const kinds: Record<string, string> = {
    string: "a string",
    boolean: "true or false",
    int: "a whole number",
    number: "a whole number",
    array: "a list",
    object: "an object",
    record: "a map",
  };
  return kinds[expected] ?? expected;
}

function unit(origin: string): string {
  return origin === "array" ? " items long" : "";
}
