/**
 * Reads YAML like kubectl: version 1.1 without timestamps, the last duplicate key wins, only the first document
 * counts.
 */
import {
  boolYaml11Tag,
  floatCoreTag,
  intCoreTag,
  loadAll,
  mapTag,
  mergeTag,
  nullYaml11Tag,
  Schema,
  seqTag,
  strTag,
  YAMLException,
} from "js-yaml";
import { KubeconfigError } from "./errors.ts";

/** Maximum size of one kubeconfig in bytes. */
export const maxKubeconfigBytes = 10 * 1024 * 1024;
/** Maximum number of values in a document after alias expansion. */
const maxValues = 1_000_000;

const schema = new Schema([strTag, seqTag, mapTag, nullYaml11Tag, boolYaml11Tag, intCoreTag, floatCoreTag, mergeTag]);

/** Decodes UTF-8, or UTF-16 with a byte order mark as written by PowerShell. Throws KubeconfigError. */
export function decodeText(bytes: Uint8Array, source: string): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new KubeconfigError(`${source} is not text in UTF-8: a kubeconfig is a YAML or JSON file`, { cause });
  }
}

/** Returns the first document; null if there is none. Throws KubeconfigError with line and column. */
export function parseYaml(text: string, source: string): unknown {
  let documents: unknown[];
  try {
    documents = loadAll(text, { schema, json: true });
  } catch (error) {
    // No cause: its message quotes the file, which contains secrets.
    throw new KubeconfigError(`${source} is not YAML${placeOf(error)}: a kubeconfig is a YAML or JSON file`);
  }
  const document = documents[0] ?? null;
  checkSize(document, source);
  return document;
}

function placeOf(error: unknown): string {
  const { mark } = error instanceof YAMLException ? error : {};
  return mark === undefined ? "" : ` (line ${mark.line + 1}, column ${mark.column + 1})`;
}

/** Bounds the values, because a few aliases can expand to billions. */
function checkSize(document: unknown, source: string): void {
  const open: unknown[] = [document];
  for (let values = 0; open.length > 0; values += 1) {
    if (values + open.length > maxValues) {
      throw new KubeconfigError(`${source} has more than ${maxValues} values with its aliases expanded`);
    }
    const value = open.pop();
    if (Array.isArray(value)) for (const item of value) open.push(item);
    else if (typeof value === "object" && value !== null) for (const item of Object.values(value)) open.push(item);
  }
}
