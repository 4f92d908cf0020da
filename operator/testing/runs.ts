/** ClaudeRuns as the API server would store them. */
import type { ClaudeRun, ClaudeRunSpecInput } from "../../crds/claude-run.ts";
import { apiVersion, kind } from "../../crds/names.ts";
import { parseClaudeRun } from "../../crds/parse.ts";

/** A stored ClaudeRun with defaults. Throws if the schema rejects it. */
export function aRun(spec: Partial<ClaudeRunSpecInput> = {}, metadata: Partial<ClaudeRun["metadata"]> = {}): ClaudeRun {
  const parsed = parseClaudeRun({
    apiVersion,
    kind,
    metadata: { name: "fix-login", namespace: "team", uid: "0f6b2c1d-6e1f-4c6e-9f57-0a1b2c3d4e5f", ...metadata },
    spec: { agent: "reviewer", ...(spec.promptFrom === undefined ? { prompt: "Fix the login." } : {}), ...spec },
  });
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  return parsed.value;
}
