/** Undoes what `kubectl logs` adds to lines, and tells the runner's lines from claude's. */
import type { RunReport } from "./contract.ts";
import { numberAt, objectAt, stringAt, type JsonObject } from "./event.ts";

/** `--prefix` and `--timestamps`, in the order in which kubectl prints them. */
const kubectlPrefix = /^(?:\[pod\/[^\]]*\] )?(?:\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2}) )?/u;

/** The line as the container wrote it. */
export function withoutKubectlPrefix(line: string): string {
  return line.replace(kubectlPrefix, "");
}

/** True for a line of the runner's own. */
export function isRunnerLine(event: JsonObject): boolean {
  return stringAt(event, "type") === "runner";
}

/** The report of an `end` line; undefined for other lines and for versions that are not known. */
export function reportOf(line: JsonObject): RunReport | undefined {
  const report = objectAt(line, "report");
  if (stringAt(line, "subtype") !== "end" || numberAt(report, "v") !== 1) return undefined;
  return objectAt(report, "result") === undefined ? undefined : (report as unknown as RunReport);
}
