/** Parses values of a form: objects, JSON text or `k=v` lines. An invalid value is an error, never dropped. */

import { isObject } from "../../crds/json.ts";

/** An agent's configuration is invalid. The message names the key and the allowed values. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export type Config = Readonly<Record<string, unknown>>;

/** Names that would reach a prototype as keys; configurations must not contain them. */
const prototypeNames: ReadonlySet<string> = new Set([...Object.getOwnPropertyNames(Object.prototype), "prototype"]);

/** Returns the value of an own key; inherited ones are not part of the configuration. */
function ownValue(config: Config, key: string): unknown {
  return Object.hasOwn(config, key) ? config[key] : undefined;
}

/** Returns trimmed text; undefined if missing or empty. */
export function textAt(config: Config, key: string): string | undefined {
  const value = ownValue(config, key);
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") throw new ConfigError(`${key} must be text, not ${typeof value}`);
  return value.trim() || undefined;
}

/** Returns a number of at least 0, also from text; undefined if missing or empty. */
export function numberAt(config: Config, key: string): number | undefined {
  const value = ownValue(config, key);
  if (value === undefined || value === null || value === "") return undefined;
  const number = typeof value === "string" ? Number(value.trim()) : value;
  if (typeof number !== "number" || !Number.isFinite(number) || number < 0) {
    throw new ConfigError(`${key} must be a number of at least 0, but it is an invalid ${typeof value}`);
  }
  return number;
}

/** Returns a boolean, also from text; undefined if missing or empty. */
export function booleanAt(config: Config, key: string): boolean | undefined {
  const value = ownValue(config, key);
  if (value === undefined || value === null || value === "") return undefined;
  if (value === true || value === "true") return true;
  if (value === false || value === "false") return false;
  throw new ConfigError(`${key} must be true or false, but it is another ${typeof value}`);
}

/** Returns one of the choices; undefined if missing or empty. */
export function choiceAt<T extends string>(config: Config, key: string, choices: readonly T[]): T | undefined {
  const value = textAt(config, key);
  if (value === undefined) return undefined;
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new ConfigError(`${key} must be one of ${choices.join(", ")}`);
  return found;
}

/** Returns texts by name from an object, JSON text or lines of `key=value` (`#` for comments); undefined if missing. */
export function pairsAt(config: Config, key: string): Record<string, string> | undefined {
  const value = structured(config, key);
  if (value === undefined) return undefined;
  if (typeof value === "string") return pairsOfLines(value, key);
  if (!isObject(value)) throw new ConfigError(`${key} must be an object, JSON text of one, or lines of name=value`);
  return pairs(
    key,
    Object.entries(value).map(([name, each], n) => {
      if (typeof each !== "string" && typeof each !== "number" && typeof each !== "boolean") {
        throw new ConfigError(`${key}: the value of entry ${n + 1} must be text`);
      }
      return [name, String(each)] as const;
    }),
  );
}

/** Returns tolerations from a list, JSON text of one, or lines of `key=value:Effect`; undefined if missing. */
export function tolerationsAt(config: Config, key: string): Record<string, unknown>[] | undefined {
  const value = structured(config, key);
  if (value === undefined) return undefined;
  if (typeof value === "string") return meaningfulLines(value).map((line) => tolerationOfLine(line, key));
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  if (!list.every(isObject)) throw new ConfigError(`${key} must be a list of objects, or lines of key=value:Effect`);
  for (const each of list) rejectPrototypes(each, key);
  return list;
}

/** Returns texts from a list, JSON text of one, or lines; undefined if missing. */
export function listAt(config: Config, key: string): string[] | undefined {
  const value = structured(config, key);
  if (value === undefined) return undefined;
  if (typeof value === "string") return meaningfulLines(value);
  if (!Array.isArray(value) || !value.every((each) => typeof each === "string")) {
    throw new ConfigError(`${key} must be a list of texts, JSON text of one, or one per line`);
  }
  return value;
}

/** Returns an object, also from JSON text; undefined if missing. */
export function objectAt(config: Config, key: string): Record<string, unknown> | undefined {
  const value = structured(config, key);
  if (value === undefined) return undefined;
  if (!isObject(value)) throw new ConfigError(`${key} must be an object or JSON text of one`);
  rejectPrototypes(value, key);
  return value;
}

/** Returns resources from nested objects, JSON text, and the form's dotted keys. */
export function resourcesAt(config: Config): Record<string, Record<string, string>> | undefined {
  const nested = structured(config, "resources");
  const given = typeof nested === "string" ? dotted(pairsOfLines(nested, "resources")) : nested;
  if (given !== undefined && !isObject(given)) throw new ConfigError("resources must be an object or JSON text of one");
  const result: Record<string, Record<string, string>> = {};
  for (const kind of ["requests", "limits"] as const) {
    const amounts = new Map(Object.entries((given === undefined ? undefined : pairsAt(given, kind)) ?? {}));
    for (const [key, value] of Object.entries(config)) {
      const name = key.startsWith(`resources.${kind}.`) ? key.slice(`resources.${kind}.`.length) : "";
      if (name === "" || value === "" || value === null || value === undefined) continue;
      if (typeof value !== "string" && typeof value !== "number") throw new ConfigError(`${key} must be text`);
      amounts.set(name, String(value));
    }
    if (amounts.size > 0) result[kind] = pairs(`resources.${kind}`, [...amounts]);
  }
  return Object.keys(result).length === 0 ? undefined : result;
}

/** Parses JSON text; returns other values unchanged; undefined if missing or empty. */
function structured(config: Config, key: string): unknown {
  const value = ownValue(config, key);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") return value;
  const text = value.trim();
  if (text === "") return undefined;
  if (!/^[[{]/.test(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Without the cause, which quotes the text: it may be a credential.
    throw new ConfigError(`${key} looks like JSON but is not: check its quotes, commas and brackets`);
  }
}

function meaningfulLines(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function pairsOfLines(text: string, key: string): Record<string, string> {
  return pairs(
    key,
    meaningfulLines(text).map((line, n) => {
      const at = line.indexOf("=");
      if (at <= 0) throw new ConfigError(`${key} must have lines of name=value; entry ${n + 1} has another form`);
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()] as const;
    }),
  );
}

/** Returns an object of these entries. Throws for a name that reaches a prototype. */
function pairs(key: string, entries: readonly (readonly [string, string])[]): Record<string, string> {
  for (const [name] of entries) rejectPrototype(name, key);
  return Object.fromEntries(entries);
}

function rejectPrototype(name: string, key: string): void {
  if (prototypeNames.has(name)) throw new ConfigError(`${key} must not have the name ${name}`);
}

/** Rejects such names at any depth. */
function rejectPrototypes(value: unknown, key: string): void {
  const open = [value];
  for (let at = open.pop(); open.length > 0 || at !== undefined; at = open.pop()) {
    if (typeof at !== "object" || at === null) continue;
    for (const [name, each] of Object.entries(at)) {
      rejectPrototype(name, key);
      open.push(each);
    }
  }
}

function tolerationOfLine(line: string, key: string): Record<string, unknown> {
  const found = /^([^=:\s]+)(?:=([^:]*))?(?::(NoSchedule|PreferNoSchedule|NoExecute))?$/.exec(line);
  if (found === null) throw new ConfigError(`${key} must have lines of key=value:Effect`);
  const [, name, value, effect] = found;
  const match = value === undefined ? { operator: "Exists" } : { operator: "Equal", value };
  return { key: name, ...match, ...(effect === undefined ? {} : { effect }) };
}

/** "limits.memory" → limits: {memory}. */
function dotted(lines: Record<string, string>): Record<string, Record<string, string>> {
  const kinds = { requests: new Map<string, string>(), limits: new Map<string, string>() };
  for (const [key, value] of Object.entries(lines)) {
    const [kind = "", ...rest] = key.split(".");
    if (kind !== "requests" && kind !== "limits")
      throw new ConfigError("resources must have lines of requests.NAME=AMOUNT or limits.NAME=AMOUNT");
    kinds[kind].set(rest.join("."), value);
  }
  return {
    requests: pairs("resources.requests", [...kinds.requests]),
    limits: pairs("resources.limits", [...kinds.limits]),
  };
}
