/** Reading what people typed into a form: each key as object, JSON text or `k=v` lines. What can't be read is an error, never dropped. */

/** The configuration of an agent can't be used; the message says which key and what is allowed. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export type Config = Readonly<Record<string, unknown>>;

/** Trimmed text; undefined if absent or empty. */
export function textAt(config: Config, key: string): string | undefined {
  const value = config[key];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") throw new ConfigError(`${key} must be text, not ${typeof value}`);
  return value.trim() || undefined;
}

/** A number, also as text; undefined if absent or empty. */
export function numberAt(config: Config, key: string): number | undefined {
  const value = config[key];
  if (value === undefined || value === null || value === "") return undefined;
  const number = typeof value === "string" ? Number(value.trim()) : value;
  if (typeof number !== "number" || !Number.isFinite(number) || number < 0) {
    throw new ConfigError(`${key} must be a number of at least 0, not ${JSON.stringify(value)}`);
  }
  return number;
}

/** true, false, or either as text; undefined if absent or empty. */
export function booleanAt(config: Config, key: string): boolean | undefined {
  const value = config[key];
  if (value === undefined || value === null || value === "") return undefined;
  if (value === true || value === "true") return true;
  if (value === false || value === "false") return false;
  throw new ConfigError(`${key} must be true or false, not ${JSON.stringify(value)}`);
}

/** One of the words; undefined if absent or empty. */
export function choiceAt<T extends string>(config: Config, key: string, choices: readonly T[]): T | undefined {
  const value = textAt(config, key);
  if (value === undefined) return undefined;
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new ConfigError(`${key} must be one of ${choices.join(", ")}, not ${value}`);
  return found;
}

/** An object of texts from an object, JSON text or lines of `key=value` (`#` begins a comment); undefined if absent. */
export function pairsAt(config: Config, key: string): Record<string, string> | undefined {
  const value = structured(config, key);
  if (value === undefined) return undefined;
  if (typeof value === "string") return pairsOfLines(value, key);
  if (!isObject(value)) throw new ConfigError(`${key} must be an object, JSON text of one, or lines of name=value`);
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => {
      if (typeof each !== "string" && typeof each !== "number" && typeof each !== "boolean") {
        throw new ConfigError(`${key}.${name} must be text`);
      }
      return [name, String(each)];
    }),
  );
}

/** A list of objects from a list or JSON text of one; for tolerations also lines of `key=value:Effect`. */
export function tolerationsAt(config: Config, key: string): Record<string, unknown>[] | undefined {
  const value = structured(config, key);
  if (value === undefined) return undefined;
  if (typeof value === "string") return meaningfulLines(value).map((line) => tolerationOfLine(line, key));
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  if (!list.every(isObject)) throw new ConfigError(`${key} must be a list of objects, or lines of key=value:Effect`);
  return list;
}

/** A list of texts from a list, JSON text of one, or lines; undefined if absent. */
export function listAt(config: Config, key: string): string[] | undefined {
  const value = structured(config, key);
  if (value === undefined) return undefined;
  if (typeof value === "string") return meaningfulLines(value);
  if (!Array.isArray(value) || !value.every((each) => typeof each === "string")) {
    throw new ConfigError(`${key} must be a list of texts, JSON text of one, or one per line`);
  }
  return value;
}

/** An object from an object or JSON text of one; undefined if absent. */
export function objectAt(config: Config, key: string): Record<string, unknown> | undefined {
  const value = structured(config, key);
  if (value === undefined) return undefined;
  if (!isObject(value)) throw new ConfigError(`${key} must be an object or JSON text of one`);
  return value;
}

/** Where the scheduler may put the pod and what it gets: nested objects, JSON text, and the form's dotted keys. */
export function resourcesAt(config: Config): Record<string, Record<string, string>> | undefined {
  const nested = structured(config, "resources");
  const given = typeof nested === "string" ? dotted(pairsOfLines(nested, "resources")) : nested;
  if (given !== undefined && !isObject(given)) throw new ConfigError("resources must be an object or JSON text of one");
  const result: Record<string, Record<string, string>> = {};
  for (const kind of ["requests", "limits"] as const) {
    const amounts = { ...(given === undefined ? {} : pairsAt(given, kind)) };
    for (const [key, value] of Object.entries(config)) {
      const name = key.startsWith(`resources.${kind}.`) ? key.slice(`resources.${kind}.`.length) : "";
      if (name === "" || value === "" || value === null || value === undefined) continue;
      if (typeof value !== "string" && typeof value !== "number") throw new ConfigError(`${key} must be text`);
      amounts[name] = String(value);
    }
    if (Object.keys(amounts).length > 0) result[kind] = amounts;
  }
  return Object.keys(result).length === 0 ? undefined : result;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** JSON text as what it says; other text as it is; undefined if absent or empty. */
function structured(config: Config, key: string): unknown {
  const value = config[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") return value;
  const text = value.trim();
  if (text === "") return undefined;
  if (!/^[[{]/.test(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new ConfigError(`${key} looks like JSON but is not: ${(cause as Error).message}`, { cause });
  }
}

function meaningfulLines(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function pairsOfLines(text: string, key: string): Record<string, string> {
  return Object.fromEntries(
    meaningfulLines(text).map((line) => {
      const at = line.indexOf("=");
      if (at <= 0) throw new ConfigError(`${key} must have lines of name=value, not ${JSON.stringify(line)}`);
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}

function tolerationOfLine(line: string, key: string): Record<string, unknown> {
  const found = /^([^=:\s]+)(?:=([^:]*))?(?::(NoSchedule|PreferNoSchedule|NoExecute))?$/.exec(line);
  if (found === null) throw new ConfigError(`${key} must have lines of key=value:Effect, not ${JSON.stringify(line)}`);
  const [, name, value, effect] = found;
  const match = value === undefined ? { operator: "Exists" } : { operator: "Equal", value };
  return { key: name, ...match, ...(effect === undefined ? {} : { effect }) };
}

/** "limits.memory" → limits: {memory}. */
function dotted(pairs: Record<string, string>): Record<string, Record<string, string>> {
  const result: Record<string, Record<string, string>> = {};
  for (const [key, value] of Object.entries(pairs)) {
    const [kind = "", ...rest] = key.split(".");
    (result[kind] ??= {})[rest.join(".")] = value;
  }
  return result;
}
