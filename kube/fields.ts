/** Reads typed fields of a parsed document like Go's JSON decoder: null is absent, a wrong type is an error. */
import { KubeconfigError } from "./errors.ts";

export class Fields {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #source: string;

  constructor(value: unknown, path: string, source: string) {
    this.#path = path;
    this.#source = source;
    this.#value = (value ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof this.#value !== "object" || Array.isArray(this.#value)) throw this.#wrong("", value, "an object");
  }

  /** Empty if absent. */
  text(key: string): string {
    const value = this.#at(key) ?? "";
    if (typeof value !== "string") throw this.#wrong(key, value, "a string: put it in quotes");
    return value;
  }

  flag(key: string): boolean {
    const value = this.#at(key) ?? false;
    if (typeof value !== "boolean") throw this.#wrong(key, value, "true or false");
    return value;
  }

  /** Decodes base64; empty if absent. */
  decoded(key: string): string {
    const text = this.text(key).replace(/[\r\n]/g, "");
    if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw this.#wrong(key, text, "base64");
    return Buffer.from(text, "base64").toString("latin1");
  }

  texts(key: string): string[] {
    return this.#list(key).map((item, index) => {
      const text = item ?? "";
      if (typeof text !== "string") throw this.#wrong(`${key}[${index}]`, text, "a string: put it in quotes");
      return text;
    });
  }

  /** The entries of a list of objects. */
  objects(key: string): Fields[] {
    return this.#list(key).map((item, index) => new Fields(item, this.#below(`${key}[${index}]`), this.#source));
  }

  object(key: string): Fields {
    return new Fields(this.#at(key), this.#below(key), this.#source);
  }

  has(key: string): boolean {
    return this.#at(key) !== undefined;
  }

  keys(): string[] {
    return Object.keys(this.#value);
  }

  /** The value without a check of its type. */
  raw(key: string): unknown {
    return this.#at(key);
  }

  #list(key: string): unknown[] {
    const value = this.#at(key) ?? [];
    if (!Array.isArray(value)) throw this.#wrong(key, value, "a list");
    return value as unknown[];
  }

  #at(key: string): unknown {
    return Object.hasOwn(this.#value, key) ? (this.#value[key] ?? undefined) : undefined;
  }

  #below(key: string): string {
    return [this.#path, key].filter((part) => part !== "").join(".");
  }

  #wrong(key: string, value: unknown, allowed: string): KubeconfigError {
    const field = this.#below(key);
    const subject = field === "" ? this.#source : `${this.#source}: ${field}`;
    return new KubeconfigError(`${subject} is ${kindOf(value)}; allowed: ${allowed}`);
  }
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? "another string" : `a ${typeof value}`;
}
