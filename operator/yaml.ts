/** The YAML parser that client-node uses anyway: its own loadYaml would bring the whole generated API with it. */
import { readFileSync } from "node:fs";
import { load } from "js-yaml";

/** The document in a file; throws if there is no such file, or not one document in it. */
export function loadYamlFile(path: string): unknown {
  return load(readFileSync(path, "utf8"));
}
