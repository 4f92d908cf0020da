/** Output formats of -o. */
import type { ClaudeRun } from "../crds/claude-run.ts";
import { group, singular } from "../crds/names.ts";
import { withEscapes } from "./terminal/hidden.ts";
import type { Terminal } from "./terminal/terminal.ts";
import { yamlOf } from "./yaml.ts";

/** The values of -o. */
export const outputs = ["json", "yaml", "name"] as const;
export type Output = (typeof outputs)[number];

/** Prints a value as JSON or YAML. Hidden characters are written as escapes, so the output equals the value. */
export function printValue(terminal: Terminal, format: "json" | "yaml", value: unknown): void {
  terminal.print(format === "json" ? withEscapes(JSON.stringify(value, undefined, 2)) : yamlOf(value));
}

/** Prints one object as kubectl does. */
export function printObject(
  terminal: Terminal,
  format: Output,
  run: object & { readonly metadata: { readonly name: string } },
): void {
  if (format === "name") terminal.printLine(`${singular}.${group}/${run.metadata.name}`);
  else printValue(terminal, format, withoutManagedFields(run));
}

/** Prints a list of runs as kubectl does. */
export function printList(terminal: Terminal, format: Output, runs: readonly ClaudeRun[]): void {
  if (format === "name") for (const run of runs) printObject(terminal, format, run);
  else printValue(terminal, format, { apiVersion: "v1", kind: "List", items: runs.map(withoutManagedFields) });
}

/** Removes managedFields, as kubectl does. */
function withoutManagedFields(run: object & { readonly metadata: object }): object {
  const metadata = Object.fromEntries(Object.entries(run.metadata).filter(([field]) => field !== "managedFields"));
  return { ...run, metadata };
}
