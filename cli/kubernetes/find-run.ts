/** Finds a ClaudeRun by its name or a prefix of it. */
import { ApiError } from "../../kube/api-error.ts";
import type { Connection } from "../../kube/connection.ts";
import { listRuns } from "../../client/list-runs.ts";
import { runPath } from "../../client/paths.ts";
import { newestFirst } from "../../client/run-facts.ts";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import { CliError } from "../errors.ts";

/** Number of names in the message about an ambiguous or missing name. */
const maxCandidates = 8;

/** Returns the run of this name, or the only one with this prefix. Throws CliError with the candidates. */
export async function findRun(connection: Connection, namespace: string, name: string): Promise<ClaudeRun> {
  const word = name.replace(/^(clauderuns?|clr)(\.paperclip\.io)?\//, "");
  try {
    return (await connection.request("GET", runPath(namespace, encodeURIComponent(word)))) as ClaudeRun;
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 404) throw error;
    const { items } = await listRuns(connection, { namespace });
    const candidates = items.filter((run) => run.metadata.name.startsWith(word));
    const [only] = candidates;
    if (only !== undefined && candidates.length === 1) return only;
    throw new CliError(
      candidates.length > 1
        ? `${word} is ambiguous in namespace ${namespace}: ${namesOf(candidates)}`
        : `run ${word} not found in namespace ${namespace}${items.length === 0 ? ", which has no runs" : `; it has ${namesOf(newestFirst(items))}`}`,
      { cause: error },
    );
  }
}

function namesOf(runs: readonly ClaudeRun[]): string {
  const names = runs.slice(0, maxCandidates).map(({ metadata }) => metadata.name);
  return names.join(", ") + (runs.length > names.length ? ` and ${runs.length - names.length} more` : "");
}
