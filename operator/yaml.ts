/** Uses the YAML parser of client-node, whose own loadYaml would import the whole generated API. */
import { readFileSync } from "node:fs";
import { load } from "js-yaml";

/** Returns the document in a file. Throws if the file does not exist or has not exactly one document. */
export function loadYamlFile(path: string): unknown {
  return load(readFileSync(path, "utf8"));
}
