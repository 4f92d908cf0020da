/** Removes prefixes of `kubectl logs`, and distinguishes the runner's lines from claude's. */
import type { RunReport } from "./contract.ts";
import { numberField, objectField, stringField, type JsonObject } from "./event.ts";

/** `--prefix` and `--timestamps`, in the order in which kubectl prints them. */
const kubectlPrefix = /^(?:\[pod\/[^\]]*\] )?(?:\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2}) )?/u;

/** Returns the line as the container wrote it. */
export function withoutKubectlPrefix(line: string): string {
  return line.replace(kubectlPrefix, "");
}

/** True for a line written by the runner. */
export function isRunnerLine(event: JsonObject): boolean {
  return stringField(event, "type") === "runner";
}

/** Returns the report of an `end` line; undefined for other lines and unknown versions. */
export function reportOf(line: JsonObject): RunReport | undefined {
  const report = objectField(line, "report");
  if (stringField(line, "subtype") !== "end" || numberField(report, "v") !== 1) return undefined;
  return objectField(report, "result") === undefined ? undefined : (report as unknown as RunReport);
}
