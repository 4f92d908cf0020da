/** -o json|yaml|name: what programs read. */
import { dump } from "js-yaml";
import type { ClaudeRun } from "../crds/claude-run.ts";
import { group, singular } from "../crds/names.ts";
import type { Terminal } from "./terminal/terminal.ts";

/** What -o takes. */
export const outputs = ["json", "yaml", "name"] as const;
export type Output = (typeof outputs)[number];

/** Any value, as JSON or YAML. */
export function printValue(terminal: Terminal, format: "json" | "yaml", value: unknown): void {
  terminal.say(
    format === "json" ? JSON.stringify(value, undefined, 2) : dump(value, { lineWidth: -1, noRefs: true }).trimEnd(),
  );
}

/** One object, as kubectl would print it. */
export function printRun(
  terminal: Terminal,
  format: Output,
  run: object & { readonly metadata: { readonly name: string } },
): void {
  if (format === "name") terminal.say(`${singular}.${group}/${run.metadata.name}`);
  else printValue(terminal, format, withoutManagedFields(run));
}

/** Several, as kubectl would print them. */
export function printRuns(terminal: Terminal, format: Output, runs: readonly ClaudeRun[]): void {
  if (format === "name") for (const run of runs) printRun(terminal, format, run);
  else printValue(terminal, format, { apiVersion: "v1", kind: "List", items: runs.map(withoutManagedFields) });
}

/** Who owns which field is of no use to people, and kubectl hides it too. */
function withoutManagedFields(run: object & { readonly metadata: object }): object {
  const metadata = Object.fromEntries(Object.entries(run.metadata).filter(([field]) => field !== "managedFields"));
  return { ...run, metadata };
}
